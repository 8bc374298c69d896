import { messageOf } from "@holdfast/contracts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Engine, EngineEvent } from "./engine.ts";

/** After the stream broke, ask again so soon: a restarted engine is back in about two seconds. */
const RECONNECT_MS = 1000;

export type FollowOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: EngineEvent) => void;
};

/** Follows the engine's events until the signal fires, across restarts of the engine. */
export async function followEvents({ engine, clock, log, onEvent }: FollowOptions, signal: AbortSignal): Promise<void> {
  let lastReason = "";
  while (!signal.aborted) {
    try {
      for await (const event of engine.events(signal)) {
        lastReason = "";
        onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      // An engine that is away for minutes is told once.
      if (messageOf(error) !== lastReason) log.warn(`The engine's events are interrupted: ${messageOf(error)}`);
      lastReason = messageOf(error);
    }
    await clock.sleep(RECONNECT_MS, signal);
  }
}
