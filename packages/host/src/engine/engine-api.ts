import type { Machine } from "../machine/machine.ts";

/** dockerd 26.1 serves up to 1.45. */
const API = "http://engine/v1.45";
const SOCKET = "/run/docker.sock";

export type Answer = {
  /** HTTP status; 0 when the engine did not answer in time. */
  readonly status: number;
  readonly body: string;
};

export type Request = {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly json?: unknown;
  /** Send this file as a tar archive. */
  readonly file?: string;
  readonly timeoutSeconds?: number;
};

/** One request to the engine through curl. Never throws: an engine that is down is an answer. */
export function askEngine(machine: Machine, request: Request): Answer {
  const argv: [string, ...string[]] = ["curl", "--silent", "--unix-socket", SOCKET, "--write-out", "\n%{http_code}"];
  argv.push("--max-time", String(request.timeoutSeconds ?? 60), "--request", request.method ?? "GET");
  if (request.file !== undefined)
    argv.push("--header", "Content-Type: application/x-tar", "--header", "Expect:", "--upload-file", request.file);
  if (request.json !== undefined) argv.push("--header", "Content-Type: application/json", "--data-binary", "@-");
  argv.push(API + request.path);
  const { output } = machine.run(argv, request.json === undefined ? {} : { input: JSON.stringify(request.json) });
  const cut = output.lastIndexOf("\n");
  return { status: Number(output.slice(cut + 1)) || 0, body: output.slice(0, cut) };
}

export const succeeded = (answer: Answer): boolean => answer.status >= 200 && answer.status < 300;

/** What the engine complained of, or that it did not answer. */
export function complaintOf(answer: Answer): string {
  if (answer.status === 0) return "the engine does not answer";
  try {
    const { message } = JSON.parse(answer.body) as { readonly message?: unknown };
    return typeof message === "string" ? message : `status ${answer.status}`;
  } catch {
    return `status ${answer.status}`;
  }
}

/** Parsed body of a successful answer; undefined for any other. The engine's own API is trusted to keep its shape. */
export function readAnswer<T>(answer: Answer): T | undefined {
  return succeeded(answer) ? (JSON.parse(answer.body) as T) : undefined;
}

/** Loading may take minutes on slow flash. */
const LOAD_SECONDS = 1800;

/**
 * Imports an archive of images (`docker save` format, also compressed by zstd). The engine answers 200 before it has
 * read the archive and reports failures in the body.
 * @returns what went wrong; undefined when all images are there.
 */
export function loadImages(machine: Machine, file: string): string | undefined {
  const answer = askEngine(machine, {
    method: "POST",
    path: "/images/load?quiet=1",
    file,
    timeoutSeconds: LOAD_SECONDS,
  });
  if (!succeeded(answer)) return complaintOf(answer);
  const failure = /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(answer.body);
  return failure?.[1];
}
