import { type Bounds, checkJsonShape, messageOf, textBounds, worldError } from "@holdfast/contracts";

/**
 * Parses JSON after looking at its shape as bytes (see `checkJsonShape`).
 * @throws HoldfastError `supervisor.invalid-target` when it is too deep or has too many values,
 * `supervisor.server-answer-unusable` when it is no JSON.
 */
export function parseBoundedJson(bytes: Buffer, bounds: Bounds = textBounds): unknown {
  checkJsonShape(bytes, "The fleet server's answer", bounds);
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
