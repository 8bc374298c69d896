import { copyAtBoot } from "../../connections/copy-connections.ts";
import { followConnections, lookAgain } from "../../connections/follow-connections.ts";
import { main } from "../main.ts";

main((machine, [mode]) => {
  if (mode === "boot") return copyAtBoot(machine);
  return mode === "look" ? lookAgain(machine) : followConnections(machine);
});
