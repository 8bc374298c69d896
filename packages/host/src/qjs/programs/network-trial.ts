import { runTrial, settleAtBoot } from "../../network-change/run-trial.ts";
import { main } from "../main.ts";

main((machine, [mode]) => (mode === "boot" ? settleAtBoot(machine) : runTrial(machine)));
