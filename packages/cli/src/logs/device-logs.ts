import { setTimeout as sleep } from "node:timers/promises";
import { HoldfastError, refuse, suggestName } from "@holdfast/contracts";
import { z } from "zod";
import type { DeviceApi } from "../device/device-api.ts";
import { journalledLine, type LogLine, SYSTEM, streamedLine } from "./log-line.ts";
import { NewLines } from "./new-lines.ts";

const AGAIN_AFTER_MS = 2_000;
/** What was missed while a device did not answer: at most so many lines of each service. */
const MISSED_LINES = 1_000;

export type LogWish = {
  /** Only these; empty: all, and what the supervisor says meanwhile. */
  readonly services: readonly string[];
  /** How many lines of the past, of each service. */
  readonly tail: number;
  /** Does not end by itself. */
  readonly follow: boolean;
};

export type LogPlace = {
  readonly api: DeviceApi;
  readonly signal: AbortSignal;
  /** Told why, when a device that is followed does not answer any more. */
  readonly warn: (sentence: string) => void;
};

/**
 * Lines of a device's services: those of the past by their times, then as they come. A device that goes away while it is
 * followed, and comes back, is read on from where it was.
 * @throws `cli.usage` for a service that the device does not have
 */
export async function* deviceLogs(wish: LogWish, { api, signal, warn }: LogPlace): AsyncGenerator<LogLine> {
  const lines = new NewLines();
  if (!wish.follow) {
    yield* lines.take(await pastLines(api, wish.services, wish.tail));
    return;
  }
  let { tail } = wish;
  let wasThere = false;
  for (;;) {
    try {
      const coming = api.lines("/v2/local/logs");
      // From its greeting on nothing is missed; only then the past is asked for.
      await coming.next();
      yield* lines.take(await pastLines(api, wish.services, tail));
      wasThere = true;
      tail = MISSED_LINES;
      for await (const value of coming) {
        const line = streamedLine(value);
        if (line !== undefined && isWished(line, wish.services)) yield* lines.take([line]);
      }
    } catch (error) {
      signal.throwIfAborted();
      const isGone = error instanceof HoldfastError && error.code === "cli.unreachable-device";
      if (!isGone || !wasThere) throw error;
      warn(`${error.message} Trying again.`);
    }
    await sleep(AGAIN_AFTER_MS, undefined, { signal });
  }
}

const isWished = ({ source }: LogLine, services: readonly string[]): boolean =>
  services.length === 0 || (services.includes(source) && source !== SYSTEM);

/** All of the device's journal: kernel, units, engine, supervisor, services. */
export async function* deviceJournal(
  { tail, follow }: Pick<LogWish, "tail" | "follow">,
  api: DeviceApi,
): AsyncGenerator<LogLine> {
  for await (const value of api.lines("/v2/journal-logs", { all: true, follow, count: tail, format: "json" })) {
    const line = journalledLine(value);
    if (line !== undefined) yield line;
  }
}

const containers = z.object({ services: z.record(z.string(), z.string()) });

async function pastLines(api: DeviceApi, services: readonly string[], tail: number): Promise<readonly LogLine[]> {
  const { services: known } = await api.get("/v2/containerId", containers);
  const unknown = services.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    refuse("cli.usage", {
      message: `The device has no service "${unknown}".`,
      hint: suggestName(unknown, Object.keys(known)),
    });
  }
  const lines: LogLine[] = [];
  for (const [name, containerId] of Object.entries(known)) {
    if (tail === 0 || (services.length > 0 && !services.includes(name))) continue;
    const asked = { all: true, count: tail, containerId, format: "json" };
    for await (const value of api.lines("/v2/journal-logs", asked)) {
      const line = journalledLine(value, name);
      if (line !== undefined) lines.push(line);
    }
  }
  return lines;
}
