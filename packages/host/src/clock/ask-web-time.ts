import type { Machine } from "../machine/machine.ts";
import { parseHttpDate } from "./timestamp.ts";

/** Rendered from config.json: the address whose answer shows that the network works, and what it is to say. */
export const CONNECTIVITY_CHECK = "/run/holdfast/connectivity-check.json";
const ANSWER_SECONDS = 15;

export type WebTime =
  | { readonly ok: true; readonly time: number }
  /** `isFinal`: asking again is no use. */
  | { readonly ok: false; readonly reason: string; readonly isFinal: boolean };

type Check = { readonly uri: string; readonly response: string };

/** The time in the head of an answer. A proxy's own head may come before it: the last one counts. Pure. */
export function timeOfAnswer(heads: string, statuses: readonly number[]): WebTime {
  const head =
    heads
      .trim()
      .split(/\r?\n\r?\n/)
      .at(-1) ?? "";
  const [first = "", ...lines] = head.split(/\r?\n/);
  const status = Number(/^HTTP\/[\d.]+ (\d{3})\b/.exec(first)?.[1] ?? 0);
  // A sign-in page of a hotel answers, too, and with any date.
  if (!statuses.includes(status)) return { ok: false, reason: `status ${status}`, isFinal: false };
  const date = lines.find((line) => /^date:/i.test(line))?.slice("date:".length);
  const time = date === undefined ? undefined : parseHttpDate(date);
  return time === undefined ? { ok: false, reason: "its answer has no date", isFinal: false } : { ok: true, time };
}

/**
 * Asks the connectivity address what time it is. Certificates are not checked: while the clock is wrong, none is valid.
 */
export function askWebTime(machine: Machine): WebTime {
  const text = machine.readText(CONNECTIVITY_CHECK);
  if (text === undefined) return { ok: false, reason: "config.json names no address", isFinal: true };
  const { uri, response } = JSON.parse(text) as Check;
  const { status, output } = machine.run(
    [
      ...(["curl", "--silent", "--insecure", "--globoff", "--proto", "=http,https"] as const),
      ...["--max-time", String(ANSWER_SECONDS), "--output", "/dev/null", "--dump-header", "-", "--url", uri],
    ],
    { quiet: true },
  );
  if (status !== 0) return { ok: false, reason: `curl ended with status ${status}`, isFinal: false };
  return timeOfAnswer(output, response === "" ? [204] : [200, 204]);
}
