import { runSupervisor, stopSupervisor } from "../../supervisor/run-supervisor.ts";
import { main } from "../main.ts";

main((machine, args) => (args[0] === "stop" ? stopSupervisor(machine) : runSupervisor(machine)));
