import { cloudKeys } from "../../ssh/cloud-keys.ts";
import { main } from "../main.ts";

main((machine, [name = ""]) => cloudKeys(machine, name));
