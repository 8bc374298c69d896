import { applyProxy } from "../../proxy/apply-proxy.ts";
import { main } from "../main.ts";

main((machine, [mode]) => applyProxy(machine, mode === "change" ? "change" : "boot"));
