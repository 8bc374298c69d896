import { mountPersistentPaths } from "../../state/mount-state.ts";
import { main } from "../main.ts";

main((machine) => mountPersistentPaths(machine, "state"));
