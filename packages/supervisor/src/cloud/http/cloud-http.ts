import { type ClientRequest, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { createGunzip } from "node:zlib";
import { type HoldfastError, messageOf, worldError } from "@holdfast/contracts";
import type { ServerContact } from "@holdfast/contracts/host";
import { parseRetryAfter } from "./retry-after.ts";

/**
 * Largest answer taken into memory. A hundred services make a target state of a few hundred kilobytes; it is in memory
 * several times over (bytes, text, values, the stored copy) in a process that has to do with 96 MB.
 */
export const MAX_ANSWER = 4 * 1024 * 1024;
/** An answer that has begun may take this many times the limit for its beginning: slow links, but no endless trickle. */
const BODY_PATIENCE = 5;

export type CloudRequest = {
  readonly method: "GET" | "POST" | "PATCH";
  /** Below the endpoint, query included. */
  readonly path: string;
  /** Sent as bearer token. */
  readonly key?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
};

/** Whatever the server said, refusals included. */
export type CloudAnswer = {
  readonly status: number;
  readonly etag: string | undefined;
  /** Milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly body: Buffer;
  /** The body is larger than `MAX_ANSWER` and was not taken. */
  readonly isTooLarge: boolean;
};

export type CloudHttpOptions = {
  /** `apiEndpoint` of config.json: http or https, perhaps with a path. */
  readonly endpoint: string;
  /** Limit in milliseconds until an answer begins. */
  readonly timeoutMs: () => number;
  readonly userAgent: string;
};

/**
 * Requests to the fleet server by node:http alone: fetch would cost megabytes of memory. Connections are not kept: a device
 * asks every few minutes, and what lies between would have forgotten them. Redirects are not followed: a key is for
 * one server. Private roots of trust come by NODE_EXTRA_CA_CERTS.
 */
export class CloudHttp {
  readonly endpoint: string;
  readonly #options: CloudHttpOptions;
  #contact: Exclude<ServerContact, "none"> = "silent";

  constructor(options: CloudHttpOptions) {
    this.#options = options;
    this.endpoint = options.endpoint.trim().replace(/\/+$/, "");
  }

  /** The best that the server did so far. */
  contact(): ServerContact {
    return this.#contact;
  }

  /**
   * Asks and reads the whole answer, whatever its status.
   * @throws HoldfastError `supervisor.server-unreachable` when there is none, it breaks off or takes too long.
   */
  async ask(ask: CloudRequest): Promise<CloudAnswer> {
    const patience = new Patience(ask.signal);
    const timeoutMs = this.#options.timeoutMs();
    try {
      patience.allow(timeoutMs, "no answer");
      const answer = await this.#exchange(ask, patience.signal);
      patience.allow(timeoutMs * BODY_PATIENCE, "the answer did not end");
      const body = await readBody(answer);
      this.#heard(answer.statusCode ?? 0);
      return {
        status: answer.statusCode ?? 0,
        etag: answer.headers.etag,
        retryAfterMs: parseRetryAfter(answer.headers["retry-after"], Date.now()),
        body: body ?? Buffer.alloc(0),
        isTooLarge: body === undefined,
      };
    } catch (error) {
      throw unreachable(this.endpoint, patience.signal.aborted ? patience.signal.reason : error);
    } finally {
      patience.end();
    }
  }

  #heard(status: number): void {
    if (this.#contact !== "serves") this.#contact = status < 400 ? "serves" : "answers";
  }

  /** Opens a request whose body the caller writes as it comes; nothing limits how long that takes. */
  open(ask: Omit<CloudRequest, "body">, endpoint = this.endpoint): ClientRequest {
    const url = new URL(endpoint + ask.path);
    const send = url.protocol === "https:" ? requestSecure : requestPlain;
    return send(url, {
      method: ask.method,
      agent: false,
      headers: {
        accept: "application/json",
        "accept-encoding": "gzip",
        "user-agent": this.#options.userAgent,
        ...(ask.key === undefined ? {} : { authorization: `Bearer ${ask.key}` }),
        ...ask.headers,
      },
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    });
  }

  #exchange(ask: CloudRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const body = ask.body === undefined ? undefined : Buffer.from(JSON.stringify(ask.body));
    const typed = body === undefined ? {} : { "content-type": "application/json", "content-length": `${body.length}` };
    return new Promise((resolve, reject) => {
      const outgoing = this.open({ ...ask, signal, headers: { ...typed, ...ask.headers } });
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

/** A limit of time that is set anew as a request gets on, joined with the caller's signal. */
class Patience {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #forward = (): void => this.#abort.abort(this.#caller?.reason);
  #timer: NodeJS.Timeout | undefined;

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller?.aborted === true) this.#forward();
    caller?.addEventListener("abort", this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  allow(ms: number, what: string): void {
    clearTimeout(this.#timer);
    const give = (): void => this.#abort.abort(new Error(`${what} within ${Math.ceil(ms / 1000)} s`));
    this.#timer = setTimeout(give, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#forward);
  }
}

/** The body, unpacked; undefined when it is too large, and the connection is closed then. */
async function readBody(answer: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(answer.headers["content-length"] ?? 0) > MAX_ANSWER) {
    answer.destroy();
    return undefined;
  }
  const isPacked = answer.headers["content-encoding"] === "gzip";
  const unpacked = isPacked ? answer.pipe(createGunzip()) : answer;
  // `pipe` does not carry errors on.
  if (isPacked) answer.once("error", (error) => unpacked.destroy(error));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of unpacked) {
    if (!(chunk instanceof Buffer)) continue;
    length += chunk.length;
    if (length > MAX_ANSWER) {
      answer.destroy();
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unreachable(endpoint: string, error: unknown): HoldfastError {
  const host = URL.parse(endpoint)?.host ?? endpoint;
  return worldError("supervisor.server-unreachable", {
    message: `The fleet server ${host} does not answer: ${messageOf(error)}`,
    cause: error,
  });
}
