import { type Millis, minutes } from "@holdfast/contracts";
import { waitUntil } from "../guest/wait-until.ts";
import type { Vm } from "../record.ts";
import { readConsole } from "./console-log.ts";
import { plainText } from "./plain-text.ts";

export type ConsoleMatch = {
  /** What matched, and the groups of the expression. */
  readonly groups: readonly (string | undefined)[];
  /** Where the log goes on after the match. */
  readonly end: number;
};

export type ConsoleWait = {
  readonly timeout?: Millis;
  readonly signal?: AbortSignal;
  /** Only output after this place of the log counts (`consoleEnd`); by default that of the present run. */
  readonly from?: number;
};

const DEFAULT_TIMEOUT = minutes(3);
const POLL_MS = 200;
/** A match may begin in output that was read before; nobody waits for longer texts than this. */
const OVERLAP_BYTES = 16 * 1024;

function toExpression(pattern: string | RegExp): RegExp {
  if (typeof pattern === "string") {
    return new RegExp(
      Buffer.from(pattern)
        .toString("latin1")
        .replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"),
    );
  }
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
}

/** Finds a pattern in raw console output. Pure; `end` is the offset after the match. */
export function findInConsole(raw: Uint8Array, pattern: string | RegExp): ConsoleMatch | undefined {
  const { text, offsets } = plainText(raw);
  const match = toExpression(pattern).exec(text);
  if (match === null) return undefined;
  const last = offsets[match.index + match[0].length - 1];
  return { groups: [...match], end: (last ?? -1) + 1 };
}

/**
 * Waits until the device's console shows a text (colours and cursor movements do not count).
 * @throws HoldfastError `vm.boot-failed` with the console's last lines when it does not, or the device ends.
 */
export function waitForConsole(vm: Vm, pattern: string | RegExp, options: ConsoleWait = {}): Promise<ConsoleMatch> {
  let from = options.from ?? vm.consoleStart;
  return waitUntil(vm, {
    what: `show ${pattern instanceof RegExp ? pattern : JSON.stringify(pattern)} on its console`,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    signal: options.signal,
    pollMs: POLL_MS,
    attempt: async () => {
      const raw = await readConsole(vm.consoleLog, from);
      const match = findInConsole(raw, pattern);
      if (match !== undefined) return { ...match, end: from + match.end };
      from += Math.max(0, raw.length - OVERLAP_BYTES);
      return undefined;
    },
  });
}
