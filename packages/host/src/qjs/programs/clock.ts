import { keepClock, restoreClock } from "../../clock/keep-clock.ts";
import { main } from "../main.ts";

main((machine, [verb]) => (verb === "keep" ? keepClock(machine) : restoreClock(machine, verb === "chip")));
