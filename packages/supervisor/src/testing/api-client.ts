import type { Route } from "../api/router.ts";
import { apiServer, listen } from "../api/server.ts";
import { KeyRing } from "../device/key-ring.ts";
import { recordingLog } from "./scratch.ts";

/** Status, and the body: parsed if it is JSON. */
export type TestAnswer = readonly [status: number, body: unknown];

/** The device API on a loopback port until the end of the scope; every request needs a key, unless it is said otherwise. */
export class ApiClient {
  readonly keys: KeyRing;
  readonly base: string;
  readonly #close: () => void;

  private constructor(base: string, close: () => void, keys: KeyRing) {
    this.base = base;
    this.#close = close;
    this.keys = keys;
  }

  static async serve(routes: readonly Route[], needsKey = () => true): Promise<ApiClient> {
    const keys = new KeyRing("g".repeat(32), "s".repeat(64));
    const server = apiServer({ routes, keys, needsKey, log: recordingLog() });
    await listen(server, 0, "127.0.0.1");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    return new ApiClient(`http://127.0.0.1:${port}`, close, keys);
  }

  request(method: string, path: string, options: { body?: unknown; key?: string; signal?: AbortSignal } = {}) {
    const { body, key = "g".repeat(32), signal } = options;
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    return fetch(this.base + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async ask(method: string, path: string, options: { body?: unknown; key?: string } = {}): Promise<TestAnswer> {
    const answer = await this.request(method, path, options);
    const text = await answer.text();
    const isJson = (answer.headers.get("content-type") ?? "").includes("json");
    return [answer.status, isJson && text !== "" ? JSON.parse(text) : text];
  }

  post = (path: string, body: unknown = {}, key?: string) =>
    this.ask("POST", path, { body, ...(key === undefined ? {} : { key }) });
  get = (path: string, key?: string) => this.ask("GET", path, key === undefined ? {} : { key });

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }
}
