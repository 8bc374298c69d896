import type { Readable, Writable } from "node:stream";
import { type BuildMessage, buildOrder, HoldfastError, parseWire } from "@holdfast/contracts";
import { type Answer, json, unauthorized } from "../api/answer.ts";
import type { Ask, Route } from "../api/router.ts";
import type { LocalBuilds } from "./local-builds.ts";

/** Codes that clients tell apart, and the status that goes with each. */
const STATUS: Readonly<Record<string, number>> = {
  "supervisor.no-local-builds": 403,
  "supervisor.invalid-context": 400,
  "supervisor.invalid-target": 400,
  "storage.insufficient-space": 507,
};
/** A client that does not read its build's output gets no more than this into memory, in bytes. */
const MAX_WAITING = 1024 * 1024;

/** Builds on a development device in local mode; `holdfast push` lives on these. */
export function localBuildRoutes(
  builds: Pick<LocalBuilds, "announce" | "receive" | "build">,
  takesBuilds: () => boolean,
): Route[] {
  const route = (name: string, answer: (ask: Ask) => Promise<Answer>): Route => ({
    method: "POST",
    path: `/v3/local/${name}`,
    answer: async (ask) => {
      if (ask.scope.type !== "global") return unauthorized;
      if (!takesBuilds()) return failureOf("supervisor.no-local-builds", "This is no development device in local mode");
      try {
        return await answer(ask);
      } catch (error) {
        if (error instanceof HoldfastError && error.code in STATUS) return failureOf(error.code, error.message);
        throw error;
      }
    },
  });
  return [
    route("contexts", async (ask) => json(await builds.announce(streamOf(ask)))),
    route("chunks", async (ask) => json({ received: await builds.receive(streamOf(ask)) })),
    route("builds", async ({ body }) => {
      const order = parseWire(buildOrder, await body(), "The build");
      return buildStream((tell, signal) => builds.build(order, tell, signal));
    }),
  ];
}

function streamOf({ stream }: Ask): Readable {
  if (stream === undefined) throw new TypeError("the server gives every request's stream");
  return stream;
}

function failureOf(code: string, message: string): Answer {
  return { status: STATUS[code] ?? 400, json: { status: "failed", code, message } };
}

type Build = (tell: (message: BuildMessage) => void, signal: AbortSignal) => Promise<void>;

function buildStream(build: Build): Answer {
  const end = new AbortController();
  return {
    status: 200,
    contentType: "application/x-ndjson; charset=utf-8",
    start: (client) => {
      const write = (message: BuildMessage): void => writeLine(client, message);
      build(write, end.signal)
        .catch((error: unknown) => write({ error: errorOf(error) }))
        .finally(() => client.end());
      return () => end.abort();
    },
  };
}

/** Output may be dropped, the result never is. */
function writeLine(client: Writable, message: BuildMessage): void {
  if ("line" in message && client.writableLength > MAX_WAITING) return;
  client.write(`${JSON.stringify(message)}\n`);
}

function errorOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof HoldfastError) return { code: error.code, message: error.message };
  return { code: "supervisor.build-failed", message: String(error) };
}
