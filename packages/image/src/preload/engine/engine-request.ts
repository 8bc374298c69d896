import { type IncomingMessage, request } from "node:http";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

/** Where an engine listens: a unix socket, or a TCP port without TLS (a device in development mode). */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number };

export type EngineCall = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Readable;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
};

/** The engine answered with an error. */
export class EngineRefused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "EngineRefused";
    this.status = status;
  }
}

/** Every trixie engine and every balenaEngine since 2021 knows it. */
const API = "/v1.41";

/**
 * One request to an engine; gives the answer's stream.
 * @throws EngineRefused for any status but 2xx, with the engine's message
 */
export async function callEngine(address: EngineAddress, call: EngineCall): Promise<IncomingMessage> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(call.query ?? {})) {
    for (const one of typeof value === "string" ? [value] : value) query.append(key, one);
  }
  const path = `${API}${call.path}${query.size === 0 ? "" : `?${query}`}`;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = call.body === undefined ? {} : { "content-type": call.contentType ?? "application/x-tar" };
    const options = call.signal === undefined ? {} : { signal: call.signal };
    // A connection of its own for each call: a kept one would hold the engine's shutdown.
    const sent = request({ ...address, ...options, method: call.method, path, headers, agent: false }, resolve);
    sent.on("error", reject);
    if (call.body === undefined) sent.end();
    else call.body.on("error", (cause) => sent.destroy(cause)).pipe(sent);
  });
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  const body = await text(response);
  throw new EngineRefused(status, messageIn(body) ?? `status ${status}: ${body.slice(0, 200)}`);
}

function messageIn(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null && "message" in parsed ? String(parsed.message) : undefined;
  } catch {
    return undefined;
  }
}
