import { prepareData } from "../../disk/prepare-data.ts";
import { main } from "../main.ts";

main(prepareData);
