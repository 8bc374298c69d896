import { watchDisk } from "../../disk/watch-disk.ts";
import { main } from "../main.ts";

main((machine) => watchDisk(machine));
