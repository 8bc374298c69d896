import { osConfig } from "../../os-config/os-config.ts";
import { main } from "../main.ts";

main(osConfig);
