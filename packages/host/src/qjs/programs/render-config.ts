import { applyConfig } from "../../config/apply-config.ts";
import { main } from "../main.ts";

main((machine, args) => applyConfig(machine, args[0] === "boot" ? "boot" : "change"));
