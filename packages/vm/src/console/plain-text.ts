const ESCAPE = 0x1b;
const BELL = 0x07;

/** Index after the escape sequence (ECMA-48: CSI, OSC or two bytes) that begins at `start`; the end if it is cut off. */
function skipEscape(raw: Uint8Array, start: number): number {
  const kind = raw[start + 1];
  let at = start + 2;
  if (kind === 0x5b) {
    while (at < raw.length && !((raw[at] ?? 0) >= 0x40 && (raw[at] ?? 0) <= 0x7e)) at++;
    return Math.min(at + 1, raw.length);
  }
  if (kind === 0x5d || kind === 0x50) {
    while (at < raw.length && raw[at] !== BELL && raw[at] !== ESCAPE) at++;
    return Math.min(at + (raw[at] === ESCAPE ? 2 : 1), raw.length);
  }
  // Sequences with an intermediate byte, e.g. the choice of a character set.
  while (at < raw.length && (raw[at - 1] ?? 0) >= 0x20 && (raw[at - 1] ?? 0) <= 0x2f) at++;
  return Math.min(at, raw.length);
}

/** What a console showed, without colours, cursor movements and carriage returns; `offsets[i]` is where character i's byte was. */
export type PlainText = { readonly text: string; readonly offsets: readonly number[] };

/** Takes terminal control out of console output. One character a byte (latin1), so that places can be told. */
export function plainText(raw: Uint8Array): PlainText {
  const kept: number[] = [];
  const offsets: number[] = [];
  for (let at = 0; at < raw.length; ) {
    const byte = raw[at] ?? 0;
    if (byte === ESCAPE) {
      at = skipEscape(raw, at);
      continue;
    }
    if (byte === 0x0a || byte === 0x09 || byte >= 0x20) {
      kept.push(byte);
      offsets.push(at);
    }
    at++;
  }
  return { text: Buffer.from(kept).toString("latin1"), offsets };
}

/** The last lines that a console showed, for people. Empty lines are left out: firmware clears the screen with them. */
export function lastLines(raw: Uint8Array, count: number): string[] {
  const text = Buffer.from(plainText(raw).text, "latin1").toString("utf8");
  const lines = text.split("\n").map((line) => line.trimEnd());
  return lines.filter((line) => line !== "").slice(-count);
}
