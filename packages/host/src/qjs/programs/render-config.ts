import { configureAtBoot } from "../../config/apply-config.ts";
import { followConfig } from "../../config/follow-config.ts";
import { main } from "../main.ts";

main((machine, [mode]) => (mode === "boot" ? configureAtBoot(machine) : followConfig(machine)));
