import { type Finding, type KeyGroup, type KeyLine, type ParsedKeyFile, unescapeValue } from "./key-file.ts";

/** Names of settings that may be written in either way. */
const ALIASES: Readonly<Record<string, string>> = {
  "802-3-ethernet": "ethernet",
  "802-11-wireless": "wifi",
  "802-11-wireless-security": "wifi-security",
};

/** The short name of a setting or a type of connection: "802-11-wireless" is "wifi". */
export const shortName = (name: string): string => ALIASES[name] ?? name;

/** A keyfile seen as a connection: settings by their short names. */
export type ConnectionFile = {
  readonly has: (setting: string) => boolean;
  /** The line that sets a property, its escapes undone; undefined when nothing does, as with an unknown escape. */
  readonly line: (setting: string, key: string) => KeyLine | undefined;
  readonly value: (setting: string, key: string) => string | undefined;
  /** All lines of a setting, as they are written. */
  readonly lines: (setting: string) => readonly KeyLine[];
  /** Where a setting begins. */
  readonly at: (setting: string) => number | undefined;
  /** Short names of all settings. */
  readonly settings: readonly string[];
  /** What kind of connection it is, by its short name; undefined when nothing says so. */
  readonly type: string | undefined;
};

/** Kinds of connections that a file may mean without naming them, by having their setting. */
const INFERRED = ["ethernet", "wifi", "gsm", "cdma", "vlan", "bridge", "bond", "vpn", "wireguard", "pppoe"];

export function connectionFile({ groups }: Pick<ParsedKeyFile, "groups">): ConnectionFile {
  const settings = new Map<string, KeyGroup>();
  for (const [name, group] of groups) {
    const former = settings.get(shortName(name));
    settings.set(
      shortName(name),
      former === undefined ? group : { line: former.line, keys: new Map([...former.keys, ...group.keys]) },
    );
  }
  const line = (setting: string, key: string): KeyLine | undefined => {
    const written = settings.get(setting)?.keys.get(key);
    const value = written === undefined ? undefined : unescapeValue(written.value);
    return written === undefined || value === undefined ? undefined : { ...written, value };
  };
  const named = line("connection", "type")?.value;
  return {
    has: (setting) => settings.has(setting),
    line,
    value: (setting, key) => line(setting, key)?.value,
    lines: (setting) => [...(settings.get(setting)?.keys.values() ?? [])],
    at: (setting) => settings.get(setting)?.line,
    settings: [...settings.keys()],
    type: named === undefined ? INFERRED.find((setting) => settings.has(setting)) : shortName(named),
  };
}

/** What one kind of setting asks of a connection. */
export type ConnectionRule = (file: ConnectionFile) => readonly Finding[];

const placed = (severity: Finding["severity"], reason: string, line: number | undefined): Finding =>
  line === undefined ? { reason, severity } : { line, reason, severity };
export const error = (reason: string, line?: number): Finding => placed("error", reason, line);
export const warning = (reason: string, line?: number): Finding => placed("warning", reason, line);
