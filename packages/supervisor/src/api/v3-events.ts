import type { Writable } from "node:stream";
import type { Scope } from "../device/key-ring.ts";
import type { DeviceEvents } from "../telemetry/device-events.ts";
import type { SentEvent } from "../telemetry/event-ring.ts";
import { failure } from "./answer.ts";
import type { Route } from "./router.ts";

const MAX_LISTENERS = 8;
/** A client that has so much to read yet, in bytes, is cut off; it comes back and gets what it missed. */
const MAX_WAITING = 64 * 1024;
/** So often something is sent: proxies and clients take a silent connection for dead. */
const BEAT_MS = 15_000;
/** When a client may come back after the stream ended. */
const RETRY_MS = 3000;

/** `GET /v3/events`: server-sent events, as EventSource reads them. */
export function v3EventsRoute(events: Pick<DeviceEvents, "listen" | "count">, beatMs = BEAT_MS): Route {
  return {
    method: "GET",
    path: "/v3/events",
    answer: ({ scope, lastEventId }) => {
      if (events.count() >= MAX_LISTENERS) return failure(503, `${MAX_LISTENERS} clients listen already`);
      return {
        status: 200,
        contentType: "text/event-stream; charset=utf-8",
        start: (client) => stream(events, client, { scope, lastEventId, beatMs }),
      };
    },
  };
}

type StreamOptions = {
  readonly scope: Scope;
  readonly lastEventId: string | undefined;
  readonly beatMs: number;
};

function stream(
  events: Pick<DeviceEvents, "listen">,
  client: Writable,
  { scope, lastEventId, beatMs }: StreamOptions,
): () => void {
  const write = (text: string): void => {
    if (client.writableLength > MAX_WAITING) client.destroy();
    else client.write(text);
  };
  write(`retry: ${RETRY_MS}\n\n`);
  const stop = events.listen({ scope, send: (event) => write(frame(event)) }, lastEventId);
  const beat = setInterval(() => write(":\n\n"), beatMs);
  return () => {
    clearInterval(beat);
    stop();
  };
}

function frame({ id, kind, text }: SentEvent): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${kind}\ndata: ${text}\n\n`;
}
