import type { Json } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { readConfigJson, writeConfigJson } from "./config-json.ts";
import { rememberedKeys } from "./server/server-keys.ts";

const KEY = /^[0-9a-f]{32}$/;

/** A key that nobody can guess: openssl waits until the kernel has collected enough randomness. @throws without one. */
export function randomKey(machine: Machine): string {
  const { output } = machine.run(["openssl", "rand", "-hex", "16"]);
  const key = output.trim();
  if (!KEY.test(key)) throw new Error("openssl gives no random key");
  return key;
}

/**
 * Gives a device without a key one; a key that is there is never replaced. A config.json that is lost or broken is not
 * touched: the last good copy has the key. @returns config.json as it is now, empty when it cannot be read
 */
export function ensureDeviceKey(machine: Machine): Json {
  const config = readConfigJson(machine);
  if (!config.ok) {
    machine.log(`config.json cannot be given a device key: ${config.reason}`);
    return {};
  }
  const { deviceApiKey } = config.json;
  // Whatever stands there is not ours to replace: the device may be registered with it.
  if (deviceApiKey !== undefined && deviceApiKey !== null && deviceApiKey !== "") return config.json;
  const made = { ...config.json, deviceApiKey: randomKey(machine) };
  const deviceApiKeys = rememberedKeys(made);
  const json = deviceApiKeys === undefined ? made : { ...made, deviceApiKeys };
  writeConfigJson(machine, json);
  machine.log("made this device's key");
  return json;
}
