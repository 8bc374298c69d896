/** One `key=value` line. The value is as written: GLib's escapes are not undone. */
export type KeyLine = { readonly key: string; readonly value: string; readonly line: number };

/** A `[group]` with its lines; a group that is opened twice is one. */
export type KeyGroup = { readonly line: number; readonly keys: ReadonlyMap<string, KeyLine> };

/** What is wrong in a file, and where. Values are never told: they may be secret. */
export type Finding = {
  /** Counted from 1; absent when it is about the file as a whole. */
  readonly line?: number;
  readonly reason: string;
  /** `error`: NetworkManager refuses the file, or it can never connect. `warning`: a part of it does not count. */
  readonly severity: "error" | "warning";
};

export type ParsedKeyFile = {
  readonly groups: ReadonlyMap<string, KeyGroup>;
  readonly faults: readonly Finding[];
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: GLib keeps them out of names of groups
const GROUP = /^\[([^[\]\u0000-\u001f\u007f]+)\][ \t]*$/;
/** GLib's blanks: what `g_ascii_isspace` says. */
const LEADING = /^[ \t\n\v\f\r]*/;
const TRAILING = /[ \t\n\v\f\r]*$/;

/** A name of a key, perhaps with a locale in brackets, as GLib takes it. */
const isKeyName = (name: string): boolean => name !== "" && !/[[\]=]/.test(name.replace(/\[[\w.@-]*\]$/, ""));

type Line =
  | { readonly kind: "nothing" }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "key"; readonly key: string; readonly value: string }
  | { readonly kind: "fault"; readonly reason: string };

function parseLine(raw: string): Line {
  const line = raw.replace(/\r$/, "").replace(LEADING, "");
  if (line === "" || line.startsWith("#")) return { kind: "nothing" };
  if (line.startsWith("[")) {
    const name = GROUP.exec(line)?.[1];
    if (name !== undefined) return { kind: "group", name };
    return { kind: "fault", reason: "not a group: expected [name] and nothing behind it" };
  }
  const at = line.indexOf("=");
  const key = line.slice(0, Math.max(at, 0)).replace(TRAILING, "");
  if (at >= 0 && isKeyName(key)) return { kind: "key", key, value: line.slice(at + 1).replace(LEADING, "") };
  if (line.startsWith(";")) return { kind: "fault", reason: "comments begin with #" };
  return { kind: "fault", reason: "neither key=value, nor [group], nor a comment that begins with #" };
}

/**
 * Parses a GLib key file the way NetworkManager does. Pure. The last of several equal keys counts; one fault makes
 * NetworkManager refuse the whole file.
 */
export function parseKeyFile(text: string): ParsedKeyFile {
  const groups = new Map<string, { readonly line: number; readonly keys: Map<string, KeyLine> }>();
  const faults: Finding[] = [];
  let current: Map<string, KeyLine> | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const parsed = parseLine(raw);
    switch (parsed.kind) {
      case "nothing":
        break;
      case "fault":
        faults.push({ line, reason: parsed.reason, severity: "error" });
        break;
      case "group": {
        const group = groups.get(parsed.name) ?? { line, keys: new Map<string, KeyLine>() };
        groups.set(parsed.name, group);
        current = group.keys;
        break;
      }
      case "key":
        if (current === undefined) faults.push({ line, reason: "a key before the first [group]", severity: "error" });
        else current.set(parsed.key, { key: parsed.key, value: parsed.value, line });
    }
  }
  return { groups, faults };
}

const ESCAPES: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** A value with GLib's escapes undone; undefined when there is an unknown one, which makes the key count as absent. */
export function unescapeValue(value: string): string | undefined {
  let known = true;
  const text = value.replace(/\\([\s\S]?)/g, (_, letter: string) => {
    const meant = ESCAPES[letter];
    if (meant === undefined) known = false;
    return meant ?? "";
  });
  return known ? text : undefined;
}
