import type { Writable } from "node:stream";
import type { LogHub } from "../../logs/log-hub.ts";
import type { LogMessage } from "../../logs/log-message.ts";
import { failure, otherApp } from "../answer.ts";
import type { Route } from "../router.ts";

/** A client that does not read gets no more than this into memory, in bytes; what comes then is dropped and counted. */
const MAX_WAITING = 256 * 1024;
const MAX_READERS = 16;

/** `GET /v2/local/logs` (compat 3.2, 9): lines of services and of the supervisor as they come, one JSON object each. */
export function localLogsRoute(hub: Pick<LogHub, "listen">): Route {
  let readers = 0;
  return {
    method: "GET",
    path: "/v2/local/logs",
    answer: ({ scope }) => {
      if (scope.type !== "global") return otherApp;
      if (readers >= MAX_READERS) return failure(503, `${MAX_READERS} clients read the logs already`);
      readers += 1;
      return {
        status: 200,
        contentType: "application/x-ndjson; charset=utf-8",
        start: (client) => {
          const stop = follow(hub, client);
          return () => {
            readers -= 1;
            stop();
          };
        },
      };
    },
  };
}

function follow(hub: Pick<LogHub, "listen">, client: Writable): () => void {
  let dropped = 0;
  const write = (message: Pick<LogMessage, "message" | "isSystem">): void => {
    client.write(`${JSON.stringify(message)}\n`);
  };
  write({ message: "Streaming logs", isSystem: true });
  return hub.listen((message) => {
    if (client.writableLength > MAX_WAITING) {
      dropped += 1;
      return;
    }
    if (dropped > 0) write({ message: `Warning: ${dropped} log lines were dropped`, isSystem: true });
    dropped = 0;
    write(message);
  });
}
