import { ensureHostKeys, ensureQuickHostKeys } from "../../ssh/host-keys.ts";
import { main } from "../main.ts";

main((machine, [which]) => (which === "rsa" ? ensureHostKeys(machine, ["rsa"]) : ensureQuickHostKeys(machine)));
