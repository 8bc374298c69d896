import { CONFIG_JSON, LAST_GOOD } from "../config/config-file.ts";
import { parseJson } from "../config/json-text.ts";
import { isObject, type Json } from "../config/keys/value-parsers.ts";
import { writeFat } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";

export type OwnConfig = { readonly ok: true; readonly json: Json } | { readonly ok: false; readonly reason: string };

function parseObject(text: string | undefined): OwnConfig {
  if (text === undefined) return { ok: false, reason: "there is no file" };
  const parsed = parseJson(text);
  if (!parsed.ok) return { ok: false, reason: parsed.reason };
  return isObject(parsed.value) ? { ok: true, json: parsed.value } : { ok: false, reason: "not an object" };
}

/** config.json as it stands: what an edit starts from. */
export const readConfigJson = (machine: Machine): OwnConfig => parseObject(machine.readText(CONFIG_JSON));

/** What the device follows: config.json, or the last good copy while that is lost or broken. */
export function readFollowedConfig(machine: Machine): Json {
  for (const text of [machine.readText(CONFIG_JSON), machine.readText(LAST_GOOD)]) {
    const config = parseObject(text);
    if (config.ok) return config.json;
  }
  return {};
}

/** Replaces config.json, crash-safe; returns after it is on flash. What says the same is not written. */
export function writeConfigJson(machine: Machine, json: Json): void {
  const now = readConfigJson(machine);
  if (now.ok && JSON.stringify(now.json) === JSON.stringify(json)) return;
  writeFat(machine, CONFIG_JSON, `${JSON.stringify(json, undefined, 2)}\n`);
}
