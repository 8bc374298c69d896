import { parseJson } from "../config/json-text.ts";
import type { Json } from "../config/keys/value-parsers.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { clearServices } from "./apply-services.ts";
import { readConfigJson, writeConfigJson } from "./config-json.ts";
import { randomKey } from "./device-key.ts";
import { joinedConfig, leftConfig } from "./membership.ts";
import { readSchema } from "./schema.ts";
import { parseEndpoint } from "./server/endpoint.ts";

const DEVICE_TYPE = "/mnt/boot/device-type.json";
const SUPERVISOR = "balena-supervisor.service";
const OS_CONFIG = "os-config.service";

/** What this device is. What config.json says may have been copied from another one. */
function ownDeviceType(machine: Machine, own: Json): string | undefined {
  const parsed = parseJson(machine.readText(DEVICE_TYPE) ?? "");
  const slug = parsed.ok && isObject(parsed.value) ? parsed.value["slug"] : undefined;
  return [slug, own["deviceType"]].find((value) => typeof value === "string" && value !== "") as string | undefined;
}

/**
 * Replaces config.json and lets everything that depends on the server follow. The supervisor stands still meanwhile: it
 * could be registering the device with the former server. The former server's tunnel goes first, so that no credential
 * of the new server reaches it; a power cut in between leaves a managed device that fetches its tunnel again.
 */
function changeServer(machine: Machine, json: Json, options: { readonly dropsTunnel: boolean }): void {
  machine.run(["systemctl", "stop", SUPERVISOR, OS_CONFIG], { quiet: true });
  try {
    if (options.dropsTunnel) clearServices(machine, readSchema(machine).services);
    writeConfigJson(machine, json);
    // Files that come of config.json, the server's root certificate among them, are there before anything asks the server.
    machine.run(["systemctl", "start", "config-json.service"]);
  } finally {
    machine.run(["systemctl", "--no-block", "restart", "prepare-openvpn.service", OS_CONFIG]);
    machine.run(["systemctl", "--no-block", "start", SUPERVISOR]);
  }
}

/** Puts the device into the fleet of a configuration (the text of a config.json). Refuses what cannot work, changing nothing. */
export function join(machine: Machine, text: string): number {
  const refuse = (reason: string): number => {
    machine.log(`os-config join: nothing was changed: ${reason}`);
    return 1;
  };
  const joining = parseJson(text);
  if (!joining.ok) return refuse(`the configuration is not JSON: ${joining.reason}`);
  if (!isObject(joining.value)) return refuse("the configuration is not an object");
  const own = readConfigJson(machine);
  if (!own.ok) return refuse(`the device's own config.json is broken: ${own.reason}`);
  const joined = joinedConfig(own.json, joining.value, {
    keys: readSchema(machine).keys,
    deviceType: ownDeviceType(machine, own.json),
    makeKey: () => randomKey(machine),
  });
  if (!joined.ok) return refuse(joined.reason);
  if (joined.ignored.length > 0) machine.log(`kept as the device has them: ${joined.ignored.join(", ")}`);
  const [from, to] = [own.json, joined.json].map(({ apiEndpoint }) => parseEndpoint(apiEndpoint)?.host);
  changeServer(machine, joined.json, { dropsTunnel: from !== to });
  machine.log(`joined ${to}`);
  return 0;
}

/** Makes the device unmanaged. What becomes of its apps is the supervisor's matter. */
export function leave(machine: Machine): number {
  const own = readConfigJson(machine);
  if (!own.ok) {
    machine.log(`os-config leave: nothing was changed: the device's own config.json is broken: ${own.reason}`);
    return 1;
  }
  const host = parseEndpoint(own.json["apiEndpoint"])?.host;
  changeServer(machine, leftConfig(own.json, readSchema(machine).keys), { dropsTunnel: true });
  machine.log(host === undefined ? "this device has no fleet server" : `left ${host}`);
  return 0;
}
