import { parseDuration } from "@holdfast/contracts";
import { isFalsy, LABEL_HEALTH_WINDOW } from "./labels.ts";

/** How long a new release is watched: milliseconds, `off`, or `default` when no label says anything. */
export type HealthWindow = number | "off" | "default";

const NANOSECONDS_PER_MS = 1e6;

/**
 * The window of a release: the longest that its services ask for (`5m`, `90s`; a bare number is seconds). `off` is for
 * a release whose labels say nothing but 0 or no. What is no duration counts as not said.
 */
export function healthWindow(labelsOfServices: readonly Readonly<Record<string, string>>[]): HealthWindow {
  let window: HealthWindow = "default";
  for (const labels of labelsOfServices) {
    const text = labels[LABEL_HEALTH_WINDOW];
    if (text === undefined) continue;
    const asked = isFalsy(text) ? 0 : parseDuration(text);
    if (asked === undefined) continue;
    if (asked === 0) window = window === "default" ? "off" : window;
    else window = Math.max(typeof window === "number" ? window : 0, asked / NANOSECONDS_PER_MS);
  }
  return window;
}
