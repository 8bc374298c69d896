import { copyAtBoot } from "../../connections/copy-connections.ts";
import { followConnections } from "../../connections/follow-connections.ts";
import { main } from "../main.ts";

main((machine, [mode]) => (mode === "change" ? followConnections(machine) : copyAtBoot(machine)));
