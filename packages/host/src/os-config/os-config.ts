import type { Machine } from "../machine/machine.ts";
import { join, leave } from "./change-server.ts";
import { ensureDeviceKey } from "./device-key.ts";
import { updateConfig } from "./update.ts";

/** Tools ask for it to see that the device can join; the number is the schema's. */
const VERSION = "os-config 1.0.0";

const USAGE = `usage: os-config update             fetch the services' configuration from the fleet server
       os-config generate-api-key   give the device a key, unless it has one
       os-config join JSON          join the fleet of a config.json; - reads it from standard input
       os-config leave              make the device unmanaged
       os-config --version`;

/** The command os-config of the device contract; its result is the exit status. */
export function osConfig(machine: Machine, [command, ...rest]: readonly string[]): number {
  const [argument] = rest;
  if (command === "join" && argument !== undefined && rest.length === 1)
    return join(machine, argument === "-" ? (machine.readText("/dev/stdin") ?? "") : argument);
  if (argument === undefined) {
    switch (command) {
      case "update":
        return updateConfig(machine);
      case "generate-api-key":
        ensureDeviceKey(machine);
        return 0;
      case "leave":
        return leave(machine);
      case "--version":
      case "-V":
        machine.log(VERSION);
        return 0;
      case "--help":
      case "-h":
        machine.log(USAGE);
        return 0;
    }
  }
  machine.log(USAGE);
  return 2;
}
