import { networkCommand } from "../../network-change/network-command.ts";
import { runTrial, settleAtBoot } from "../../network-change/run-trial.ts";
import { main } from "../main.ts";

main((machine, args) => {
  if (args[0] === "boot") return settleAtBoot(machine);
  return args[0] === "run" ? runTrial(machine) : networkCommand(machine, args);
});
