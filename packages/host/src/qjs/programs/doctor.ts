import { doctorCommand } from "../../doctor/doctor-command.ts";
import { main } from "../main.ts";

main((machine, args) => doctorCommand(machine, args, os.isatty(1)));
