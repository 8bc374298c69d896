import { refuse } from "../errors.ts";
import { type Bounds, targetBounds } from "./bounds.ts";

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * A hundred services make some 10,000 values. At 40,000 the supervisor's process has 55 MB at its peak, at the bound of
 * documents that are parsed already 96, which is all that it may have.
 */
export const textBounds: Bounds = { ...targetBounds, maxValues: 40_000 };

/**
 * Looks at the shape of JSON as bytes, before it is parsed: a few megabytes of `[[[…` or `{},{},…` become hundreds of
 * megabytes of objects, and the supervisor has 64 of heap. `what` begins the sentence of the refusal.
 * @throws HoldfastError `supervisor.invalid-target` when it is too deep or has too many values
 */
export function checkJsonShape(bytes: Uint8Array, what: string, bounds: Bounds = textBounds): void {
  const { maxDepth, maxValues } = bounds;
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
    if (depth > maxDepth) refuseShape(what, `it is nested deeper than ${maxDepth} levels`);
    if (values > maxValues) refuseShape(what, `it has more than ${maxValues} values`);
  }
}

function refuseShape(what: string, why: string): never {
  return refuse("supervisor.invalid-target", { message: `${what} is refused: ${why}.` });
}
