import { parseJson } from "./json-text.ts";
import type { ConfigKey } from "./keys/config-key.ts";
import { configKeys, type HostConfig } from "./keys/config-keys.ts";
import { isObject, type Json } from "./keys/value-parsers.ts";

export type { HostConfig } from "./keys/config-keys.ts";

/** What is wrong with a key of config.json, or a part of it. Values are never named: they may be secret. */
export type ConfigProblem = { readonly key: string; readonly reason: string };

export type ParsedConfig =
  | {
      readonly ok: true;
      readonly config: HostConfig;
      readonly problems: readonly ConfigProblem[];
      /** Dotted keys whose whole value cannot be used; they keep what they said last, if anything is known of it. */
      readonly invalid: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

const names = Object.keys(configKeys) as readonly (keyof HostConfig)[];
const segmentsOf = (key: string): readonly string[] => key.split(".");
/** Objects on the way to a key, dotted: "os", "os.network". */
const branches = new Set(
  names.flatMap((name) => {
    const segments = segmentsOf(configKeys[name].key);
    return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("."));
  }),
);
const known = new Set<string>(names.map((name) => configKeys[name].key));

/** What stands at a dotted key; undefined when nothing does. */
export function valueAt(json: Json, key: string): unknown {
  let at: unknown = json;
  for (const segment of segmentsOf(key)) {
    if (!isObject(at) || !Object.hasOwn(at, segment)) return undefined;
    at = at[segment];
  }
  return at;
}

/** The object with another value at a dotted key; undefined removes the key. Objects on the way are made. */
export function withValueAt(json: Json, key: string, value: unknown): Json {
  const [first = "", ...rest] = segmentsOf(key);
  const inner = Object.hasOwn(json, first) ? json[first] : undefined;
  const next = rest.length === 0 ? value : withValueAt(isObject(inner) ? inner : {}, rest.join("."), value);
  const { [first]: _, ...others } = json;
  if (next === undefined) return others;
  return Object.hasOwn(json, first)
    ? Object.fromEntries(Object.entries(json).map(([name, old]) => [name, name === first ? next : old]))
    : { ...json, [first]: next };
}

/** Names of keys come from the file, so they may hold anything. */
const shown = (name: string): string => (/^[\w.-]{1,60}$/.test(name) ? name : JSON.stringify(name.slice(0, 40)));

/** Keys that nobody knows, and values where an object should stand. */
function strayKeys(json: Json, prefix: string): readonly ConfigProblem[] {
  return Object.entries(json).flatMap(([name, value]): readonly ConfigProblem[] => {
    const key = prefix + name;
    // A dot within a name is no way into an object.
    if (name.includes(".") || !(known.has(key) || branches.has(key)))
      return [{ key: prefix + shown(name), reason: "not a key that the device knows" }];
    if (known.has(key)) return [];
    if (isObject(value)) return strayKeys(value, `${key}.`);
    return value === null ? [] : [{ key, reason: "not an object" }];
  });
}

/**
 * Parses config.json. Pure. A value that cannot be used spoils its key only: it counts as what the key said in `former`,
 * else as absent.
 */
export function parseHostConfig(text: string, former?: HostConfig): ParsedConfig {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const json = parsed.value;
  if (!isObject(json)) return { ok: false, reason: "not an object: expected { at its beginning" };
  const problems: ConfigProblem[] = [];
  const invalid: string[] = [];

  const read = <Value>(key: ConfigKey<Value>, before: Value | undefined): Value => {
    const value = valueAt(json, key.key);
    if (value === undefined || value === null) return key.absent;
    let complaints = 0;
    const result = key.parse(value, (reason, part = "") => {
      complaints += 1;
      problems.push({ key: key.key + part, reason });
    });
    if (result !== undefined) return result;
    if (complaints === 0) return key.absent;
    invalid.push(key.key);
    return key.whenInvalid === "former" && before !== undefined ? before : key.absent;
  };
  const entries = names.map((name) => [name, read(configKeys[name] as ConfigKey<unknown>, former?.[name])]);
  // Each value comes from the parser of its own key.
  const config = Object.fromEntries(entries) as HostConfig;
  return { ok: true, config, problems: [...problems, ...strayKeys(json, "")], invalid };
}
