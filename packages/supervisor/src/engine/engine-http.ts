import { Agent, type IncomingMessage, request } from "node:http";
import type { Readable } from "node:stream";
import { HoldfastError, messageOf, worldError } from "@holdfast/contracts";

/** Version of the engine's API that both Debian's dockerd and older balenaEngines speak. */
const API = "/v1.41";
/** Parallel requests to the engine; more would queue inside it. */
const MAX_SOCKETS = 6;
/** Largest answer taken into memory; a listing of a hundred containers is 300 kB. */
const MAX_ANSWER = 16 * 1024 * 1024;
/** An engine that says nothing for this long is taken as hung. Creating from a large image on slow flash takes long. */
const ANSWER_TIMEOUT_MS = 10 * 60_000;

export type EngineRequest = {
  readonly method: "GET" | "POST" | "DELETE";
  /** Without the version prefix; query included. */
  readonly path: string;
  readonly body?: unknown;
  /** A tar as the body, streamed; ends with an error of its own, the request does, too. */
  readonly tar?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are no error besides 2xx. */
  readonly accept?: readonly number[];
  /** Longest silence in milliseconds; 0 for requests that may take as long as they like. */
  readonly timeoutMs?: number;
};

/** The engine's API over its unix socket, by node:http alone: small, and streams do not pass through a library. */
export class EngineHttp {
  readonly #socketPath: string;
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: 1,
  });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Asks and reads the whole JSON answer; undefined when it is empty. */
  async call(ask: EngineRequest): Promise<unknown> {
    const answer = await this.#send(ask, this.#agent);
    const text = await readText(answer, MAX_ANSWER);
    return text === "" || !isJson(answer) ? undefined : JSON.parse(text);
  }

  /** Asks and leaves the answer as a stream, on a connection of its own. */
  async stream(ask: EngineRequest): Promise<IncomingMessage> {
    return this.#send(ask, false);
  }

  /** Closes idle connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }

  async #send(ask: EngineRequest, agent: Agent | false): Promise<IncomingMessage> {
    const answer = await this.#exchange(ask, agent);
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || ask.accept?.includes(status) === true) return answer;
    const text = await readText(answer, MAX_ANSWER);
    throw refusalOf(ask, status, text);
  }

  #exchange(ask: EngineRequest, agent: Agent | false): Promise<IncomingMessage> {
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath: this.#socketPath,
        agent,
        method: ask.method,
        timeout: ask.timeoutMs ?? ANSWER_TIMEOUT_MS,
        path: API + ask.path,
        headers: {
          host: "engine",
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...(ask.tar === undefined ? {} : { "content-type": "application/x-tar" }),
          ...ask.headers,
        },
        ...(ask.signal === undefined ? {} : { signal: ask.signal }),
      });
      outgoing.once("response", resolve);
      outgoing.once("timeout", () => outgoing.destroy(new Error("no answer in time")));
      outgoing.on("error", (error) => {
        const isOwn = ask.signal?.aborted === true || error instanceof HoldfastError;
        reject(isOwn ? error : unreachable(error));
      });
      if (ask.tar === undefined) outgoing.end(body);
      else ask.tar.on("error", (error) => outgoing.destroy(error)).pipe(outgoing);
    });
  }
}

function unreachable(error: unknown): HoldfastError {
  return worldError("supervisor.engine-unreachable", {
    message: `The container engine does not answer: ${messageOf(error)}`,
    cause: error,
  });
}

function refusalOf(ask: EngineRequest, status: number, text: string): HoldfastError {
  let reason = text.trim().slice(0, 500);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) reason = String(parsed.message);
  } catch {
    // Not JSON: the text itself is the reason.
  }
  return worldError("supervisor.engine-refused", {
    message: `${reason || "no reason given"} (${ask.method} ${ask.path.split("?")[0]}: ${status})`,
  });
}

function isJson(answer: IncomingMessage): boolean {
  return (answer.headers["content-type"] ?? "").includes("json");
}

async function readText(answer: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of answer) {
      if (!(chunk instanceof Buffer)) continue;
      length += chunk.length;
      if (length > limit) throw new Error(`its answer exceeds ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(error);
  }
  return Buffer.concat(chunks).toString();
}
