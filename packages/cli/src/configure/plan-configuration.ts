import { refuse, suggestName } from "@holdfast/contracts";
import { configKeys, parseHostConfig, valueAt, withValueAt } from "@holdfast/host";

/** What an operator wants of config.json. */
export type ConfigWishes = {
  /** Dotted key -> value; null takes the key away. */
  readonly set: ReadonlyMap<string, unknown>;
  /** Public keys that may log in besides those that may already. */
  readonly sshKeys: readonly string[];
};

export type ConfigPlan = {
  readonly text: string;
  /** Dotted keys that differ from before. Values may be secret, so they are not told. */
  readonly changed: readonly string[];
  /** What is odd in the rest of the file, which was there before. */
  readonly remarks: readonly string[];
};

const knownKeys = Object.values(configKeys).map(({ key }) => key);
const SSH_KEYS = "os.sshKeys";

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function formerJson(text: string | undefined): Json {
  if (text === undefined || text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    if (isObject(value)) return value;
  } catch {
    // Told below, with the position.
  }
  const parsed = parseHostConfig(text);
  return refuse("cli.invalid-configuration", {
    message: `The image's config.json is not valid: ${parsed.ok ? "not an object" : parsed.reason}.`,
    hint: "Nothing was changed. Correct the file on its boot partition, or build the image anew.",
  });
}

/**
 * Merges wishes into a config.json. Pure. Every value is read by the device's own parser first.
 * @throws `cli.invalid-configuration` when the device could not use a value, or does not know a key
 */
export function planConfiguration(former: string | undefined, wishes: ConfigWishes): ConfigPlan {
  const before = formerJson(former);
  const wanted = new Map(wishes.set);
  if (wishes.sshKeys.length > 0) {
    const present = wanted.get(SSH_KEYS) ?? valueAt(before, SSH_KEYS);
    const keys = Array.isArray(present) ? present : [];
    wanted.set(SSH_KEYS, [...new Set([...keys, ...wishes.sshKeys])]);
  }
  for (const key of wanted.keys()) requireKnown(key);
  const after = [...wanted].reduce<Json>((json, [key, value]) => withValueAt(json, key, value ?? undefined), before);
  const text = `${JSON.stringify(after, undefined, 2)}\n`;
  const parsed = parseHostConfig(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  const isWanted = (problem: string): boolean =>
    [...wanted.keys()].some((key) => problem === key || problem.startsWith(`${key}[`) || problem.startsWith(`${key}.`));
  const told = parsed.problems.map(({ key, reason }) => ({ key, line: `${key}: ${reason}` }));
  const wrong = told.filter(({ key }) => isWanted(key)).map(({ line }) => line);
  if (wrong.length > 0)
    refuse("cli.invalid-configuration", {
      message: `The device could not use this; nothing was changed.\n${wrong.map((line) => `  ${line}`).join("\n")}`,
      hint: "docs/configuration.md says what each key takes.",
    });
  const changed = [...wanted.keys()].filter(
    (key) => JSON.stringify(valueAt(before, key)) !== JSON.stringify(valueAt(after, key)),
  );
  return { text, changed, remarks: told.map(({ line }) => `config.json: ${line}`) };
}

function requireKnown(key: string): void {
  if (knownKeys.includes(key)) return;
  refuse("cli.invalid-configuration", {
    message: `The device knows no key "${key}"; nothing was changed.`,
    hint: suggestName(key, knownKeys),
  });
}

/** `key=json` of the command line; what is no JSON is text. @throws `cli.usage` */
export function parseSetting(setting: string): readonly [key: string, value: unknown] {
  const at = setting.indexOf("=");
  if (at < 1)
    return refuse("cli.usage", {
      message: `--set ${setting}: there is no key=value.`,
      hint: "For example --set country=DE, or --set 'os.network.connectivity.interval=600'.",
    });
  const [key, text] = [setting.slice(0, at), setting.slice(at + 1)];
  try {
    return [key, JSON.parse(text)];
  } catch {
    return [key, text];
  }
}

/** Public keys of a file or a word of the command line: one a line, without comments. @throws `cli.invalid-configuration` */
export function parseSshKeys(text: string, origin: string): readonly string[] {
  if (text.includes("PRIVATE KEY"))
    refuse("cli.invalid-configuration", {
      message: `${origin} is a private key, which must stay with its owner.`,
      hint: "Name the public one beside it, which ends in .pub.",
    });
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length > 0) return keys;
  return refuse("cli.invalid-configuration", {
    message: `${origin} holds no key.`,
    hint: "Name a file such as ~/.ssh/id_ed25519.pub, or give the key itself in quotes.",
  });
}
