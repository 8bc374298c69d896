import { answerUserQuery } from "../../ssh/cloud-users.ts";
import { main } from "../main.ts";
import { answerVarlink } from "../varlink.ts";

main((machine, [peer = ""]) => answerVarlink((request) => answerUserQuery(machine, request, peer)));
