import type { LogLine } from "./log-line.ts";

/** Cyan, yellow, green, magenta, blue, and their bright ones: red is for what is wrong. */
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
/** Longer names are shown whole, and push only their own lines. */
const WIDEST = 20;

/**
 * Makes lines for people: time of day, where it is from, the message. Each source has its own colour, in the order in
 * which they come; the column grows with their names.
 */
export function logLineRenderer(isColoured: boolean): (line: LogLine) => string {
  const colours = new Map<string, number>();
  let width = 0;
  return ({ timestamp, source, message, isStdErr }) => {
    width = Math.max(width, Math.min(WIDEST, source.length));
    if (!colours.has(source)) colours.set(source, COLOURS[colours.size % COLOURS.length] ?? 0);
    const head = `${new Date(timestamp).toISOString().slice(11, 23)} ${source.padEnd(width)} |`;
    if (!isColoured) return `${head} ${message}`;
    const text = isStdErr ? `\x1b[31m${message}\x1b[0m` : message;
    return `\x1b[${colours.get(source)}m${head}\x1b[0m ${text}`;
  };
}
