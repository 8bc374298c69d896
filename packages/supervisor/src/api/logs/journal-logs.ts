import { spawn } from "node:child_process";
import { parseWire } from "@holdfast/contracts";
import * as z from "zod";
import { isTruthy } from "../../spec/labels.ts";
import { type Answer, failure } from "../answer.ts";
import type { Route } from "../router.ts";

/** Each reader of the journal is a process that maps its files. */
const MAX_READERS = 8;

const flag = z
  .unknown()
  .optional()
  .transform((value) => isTruthy(String(value)));
/** One word of a command line; nothing of it is ever seen by a shell. */
const word = z.string().max(255).optional();

/** Body of `POST /v2/journal-logs`. */
export const journalBody = z.object({
  all: flag,
  follow: flag,
  count: z.union([z.number().int().nonnegative(), z.string().regex(/^(\d+|all)$/)]).optional(),
  unit: word,
  format: z
    .string()
    .regex(/^[a-z-]{1,30}$/)
    .default("short"),
  containerId: z
    .string()
    .regex(/^[0-9a-f]{1,64}$/)
    .optional(),
  since: word,
  until: word,
});

/** `POST /v2/journal-logs` (compat 3.2): the device's journal, as the host's own journalctl prints it. */
export function journalLogsRoute(command: readonly string[]): Route {
  let readers = 0;
  return {
    method: "POST",
    path: "/v2/journal-logs",
    answer: async ({ body }) => {
      const options = parseWire(journalBody, await body(), "The request");
      if (readers >= MAX_READERS) return failure(503, `${MAX_READERS} clients read the journal already`);
      readers += 1;
      return journalStream([...command, ...journalctlArguments(options)], () => {
        readers -= 1;
      });
    },
  };
}

function journalStream([program = "", ...args]: readonly string[], onEnd: () => void): Answer {
  return {
    status: 200,
    contentType: "text/plain; charset=utf-8",
    start: (client) => {
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
      // What journalctl complains of is an answer, too: an unknown unit, a date that is none.
      for (const output of [child.stdout, child.stderr]) output.pipe(client, { end: false });
      child.once("error", (error) => client.end(`The journal cannot be read: ${error.message}\n`));
      child.once("close", () => client.end());
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        onEnd();
        child.kill("SIGKILL");
      };
    },
  };
}

/** The command line of journalctl for a request. Values follow their option as words of their own. Pure. */
function journalctlArguments(options: z.infer<typeof journalBody>): string[] {
  const { all, follow, count, unit, format, containerId, since, until } = options;
  const isFullId = containerId?.length === 64;
  return [
    "--no-pager",
    ...(all ? ["-a"] : []),
    ...(follow ? ["--follow"] : []),
    ...(unit === undefined ? [] : ["-u", unit]),
    ...(containerId === undefined || isFullId ? [] : ["-t", containerId]),
    ...(count === undefined ? [] : ["-n", String(count)]),
    ...(since === undefined ? [] : ["-S", since]),
    ...(until === undefined ? [] : ["-U", until]),
    ...["-o", format],
    ...(isFullId ? [`CONTAINER_ID_FULL=${containerId}`] : []),
  ];
}
