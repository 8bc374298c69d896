const MEMORY = /^([0-9]+)([bkmg]?)b?$/i;
const FACTORS: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Compose's memory sizes (`64m`, `1gb`, `1024`) in bytes; whatever else is 0, which the engine takes as "no limit". */
export function parseMemory(text: string | number): number {
  const match = MEMORY.exec(String(text).trim());
  if (match === null) return 0;
  return Number(match[1]) * (FACTORS[(match[2] ?? "").toLowerCase()] ?? 1);
}

const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Compose's durations (`1m30s`, `500ms`; a bare number is seconds) in nanoseconds; undefined when it is none. */
export function parseDuration(text: string | number): number | undefined {
  const trimmed = String(text).trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1e9);
  let total = 0;
  let used = 0;
  for (const part of trimmed.matchAll(DURATION_PART)) {
    if (part.index !== used) return undefined;
    used += part[0].length;
    total += Number(part[1]) * (NANOSECONDS[part[2] ?? ""] ?? 0);
  }
  return used === 0 || used !== trimmed.length ? undefined : Math.round(total);
}

/** Words of a command as a POSIX shell would split them: quotes and backslashes, no expansion. */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === "'" && char !== "'") word = (word ?? "") + char;
    else if (char === quote) quote = "";
    else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      word ??= "";
    } else if (char === "\\" && at + 1 < text.length && (quote === "" || '"\\$`'.includes(text.charAt(at + 1)))) {
      at += 1;
      word = (word ?? "") + text.charAt(at);
    } else if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}
