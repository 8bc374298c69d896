import { type Bounds, messageOf, refuse, targetBounds, worldError } from "@holdfast/contracts";

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}');

/**
 * A hundred services make some 10,000 values. At 40,000 the process has 55 MB at its peak, at the bound of targets that
 * come by other ways 96, which is all that it may have.
 */
const cloudBounds: Bounds = { ...targetBounds, maxValues: 40_000 };

/**
 * Parses JSON after looking at its shape as bytes: a few megabytes of `[[[…` or `{},{},…` become hundreds of megabytes of
 * objects, and the process has 64 of heap.
 * @throws HoldfastError `supervisor.invalid-target` when it is too deep or has too many values,
 * `supervisor.server-answer-unusable` when it is no JSON.
 */
export function parseBoundedJson(bytes: Buffer, bounds: Bounds = cloudBounds): unknown {
  checkShape(bytes, bounds);
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    const begin = bytes.toString("latin1", 0, 60).replace(/[^\x20-\x7e]+/g, " ");
    throw worldError("supervisor.server-answer-unusable", {
      message: `The fleet server's answer is no JSON (${messageOf(error).slice(0, 100)}); it begins with: ${begin}`,
      hint: "A captive portal or a proxy may have answered in its place.",
    });
  }
}

function checkShape(bytes: Buffer, { maxDepth, maxValues }: Bounds): void {
  let depth = 0;
  let values = 1;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
      continue;
    }
    if (byte === QUOTE) isText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      values += 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    else if (byte === COMMA) values += 1;
    if (depth > maxDepth) refuseShape(`it is nested deeper than ${maxDepth} levels`);
    if (values > maxValues) refuseShape(`it has more than ${maxValues} values`);
  }
}

function refuseShape(why: string): never {
  return refuse("supervisor.invalid-target", { message: `The fleet server's answer is refused: ${why}.` });
}
