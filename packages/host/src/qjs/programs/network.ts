import { networkCommand } from "../../network-change/network-command.ts";
import { main } from "../main.ts";

main(networkCommand);
