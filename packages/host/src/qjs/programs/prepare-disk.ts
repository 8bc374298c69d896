import { prepareDisk } from "../../disk/prepare-disk.ts";
import { main } from "../main.ts";

main(prepareDisk);
