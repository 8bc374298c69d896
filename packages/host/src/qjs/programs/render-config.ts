import { configureAtBoot } from "../../config/apply-config.ts";
import { followConfig, lookAgain } from "../../config/follow-config.ts";
import { main } from "../main.ts";

main((machine, [mode]) => {
  if (mode === "boot") return configureAtBoot(machine);
  return mode === "look" ? lookAgain(machine) : followConfig(machine);
});
