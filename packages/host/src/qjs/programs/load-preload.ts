import { loadPreload } from "../../engine/load-preload.ts";
import { main } from "../main.ts";

main(loadPreload);
