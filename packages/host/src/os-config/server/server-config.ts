import { parseJson } from "../../config/json-text.ts";
import { isObject, type Json } from "../../config/keys/value-parsers.ts";

/** What the server answers on /os/v1/config, as far as the device uses it. */
export type ServerConfig = {
  /** Service -> file -> content. */
  readonly services: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Keys of config.json that the server sets; null was left out. */
  readonly overrides: Json;
};

export type ParsedServerConfig =
  | { readonly ok: true; readonly config: ServerConfig }
  | { readonly ok: false; readonly reason: string };

const no = (reason: string): ParsedServerConfig => ({ ok: false, reason });

/**
 * Parses the server's answer. Pure. Unknown fields are ignored; a field that is known and has another type spoils the
 * whole answer, so that no half of it is applied.
 */
export function parseServerConfig(text: string): ParsedServerConfig {
  const parsed = parseJson(text);
  if (!parsed.ok) return no(`not JSON (${parsed.reason})`);
  const json = parsed.value;
  if (!isObject(json)) return no("not an object");
  const version = json["schema_version"];
  if (typeof version !== "string") return no("schema_version is missing");
  if (!/^1\./.test(version)) return no("schema_version is not 1.x: this release is too old for the server");
  if (!isObject(json["services"])) return no("services is not an object");
  const services: [string, Readonly<Record<string, string>>][] = [];
  for (const [id, files] of Object.entries(json["services"])) {
    if (!isObject(files)) return no("a service is not an object");
    const contents = Object.entries(files).filter((entry): entry is [string, string] => typeof entry[1] === "string");
    services.push([id, Object.fromEntries(contents)]);
  }
  const { config = {} } = json;
  const overrides = isObject(config) ? (config["overrides"] ?? {}) : undefined;
  if (!isObject(overrides)) return no("config.overrides is not an object");
  const given = Object.entries(overrides).filter(([, value]) => value !== null);
  return { ok: true, config: { services: Object.fromEntries(services), overrides: Object.fromEntries(given) } };
}
