import { followLink } from "../../clock/offered-servers.ts";
import { main } from "../main.ts";

main((machine, [link = "", event = ""]) => followLink(machine, link, event));
