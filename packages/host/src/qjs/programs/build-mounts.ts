import { addBuildMounts } from "../../engine/add-build-mounts.ts";
import { main } from "../main.ts";

main(addBuildMounts);
