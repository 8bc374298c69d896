import { parseHostConfig } from "../config/host-config.ts";
import type { Json } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { applyServices } from "./apply-services.ts";
import { readConfigJson, readFollowedConfig, writeConfigJson } from "./config-json.ts";
import { ensureDeviceKey } from "./device-key.ts";
import { planServices } from "./plan-services.ts";
import { readSchema } from "./schema.ts";
import { parseEndpoint } from "./server/endpoint.ts";
import { fetchServerConfig } from "./server/fetch-config.ts";
import { parseServerConfig } from "./server/server-config.ts";
import { deviceKeyOf, OVERRIDABLE } from "./server/server-keys.ts";

/** config.json with the server's overrides in it, and the keys that it wanted in vain. Pure. */
export function overriddenConfig(
  own: Json,
  overrides: Json,
): { readonly json: Json; readonly refused: readonly string[] } {
  const wanted = Object.entries(overrides).filter(([key]) => OVERRIDABLE.includes(key));
  const parsed = parseHostConfig(JSON.stringify(Object.fromEntries(wanted)));
  const invalid = parsed.ok ? parsed.invalid : wanted.map(([key]) => key);
  const taken = wanted.filter(([key]) => !invalid.includes(key));
  const json = { ...own, ...Object.fromEntries(taken) };
  return { json, refused: Object.keys(overrides).filter((key) => !taken.some(([name]) => name === key)) };
}

function applyOverrides(machine: Machine, overrides: Json): void {
  if (Object.keys(overrides).length === 0) return;
  const own = readConfigJson(machine);
  if (!own.ok) {
    machine.log(`config.json cannot be given the server's overrides: ${own.reason}`);
    return;
  }
  const { json, refused } = overriddenConfig(own.json, overrides);
  for (const key of refused) machine.log(`the server's override of ${JSON.stringify(key.slice(0, 60))} is ignored`);
  if (JSON.stringify(json) === JSON.stringify(own.json)) return;
  writeConfigJson(machine, json);
  machine.log("config.json has the server's overrides");
  // It reads these keys when it starts. Apps run on.
  machine.run(["systemctl", "--no-block", "try-restart", "balena-supervisor.service"]);
}

/**
 * Fetches the configuration of this device's services from the fleet server and makes the device follow it. Anything
 * that goes wrong changes nothing.
 * @returns 0 when the device is as the server wants it, or has no server; otherwise 1, and the unit tries again
 */
export function updateConfig(machine: Machine): number {
  const config = readFollowedConfig(machine);
  const { apiEndpoint } = config;
  if (apiEndpoint === undefined || apiEndpoint === null || apiEndpoint === "") {
    machine.log("no fleet server (apiEndpoint) in config.json: nothing to fetch");
    return 0;
  }
  const endpoint = parseEndpoint(apiEndpoint);
  if (endpoint === undefined) {
    // Trying again does not help: a changed config.json starts this anew.
    machine.log("apiEndpoint in config.json is not an http or https address: nothing to fetch");
    return 0;
  }
  // A config.json that was copied over the former one may have come without.
  const key = deviceKeyOf(config) ?? deviceKeyOf(ensureDeviceKey(machine));
  if (key === undefined || !/^[\x21-\x7e]+$/.test(key)) {
    machine.log("config.json has no deviceApiKey that can be used");
    return 1;
  }
  const fetched = fetchServerConfig(machine, endpoint, key);
  if (!fetched.ok) {
    machine.log(`no configuration from ${endpoint.host}: ${fetched.reason}`);
    return 1;
  }
  const answer = parseServerConfig(fetched.text);
  if (!answer.ok) {
    machine.log(`the answer of ${endpoint.host} cannot be used: ${answer.reason}`);
    return 1;
  }
  machine.log("Service configuration retrieved");
  const plans = planServices(readSchema(machine).services, answer.config, (path) => machine.readText(path));
  applyOverrides(machine, answer.config.overrides);
  return applyServices(machine, plans) ? 0 : 1;
}
