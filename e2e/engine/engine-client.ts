import { request } from "node:http";

/** A container as the engine lists it, as far as tests look at it. */
export type ListedContainer = {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>>;
};

/** The engine's API for tests: JSON or bytes in, JSON out; throws on every status of 400 and above. */
export class EngineClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  call(method: string, path: string, body?: object | Buffer): Promise<unknown> {
    const content = body === undefined || body instanceof Buffer ? body : Buffer.from(JSON.stringify(body));
    const type = body instanceof Buffer ? "application/x-tar" : "application/json";
    return new Promise((resolve, reject) => {
      const headers = content === undefined ? {} : { "content-type": type, "content-length": content.length };
      const outgoing = request({ socketPath: this.#socketPath, method, path: `/v1.41${path}`, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
          else resolve(text.startsWith("{") || text.startsWith("[") ? JSON.parse(text.split("\n")[0] ?? "null") : text);
        });
      });
      outgoing.on("error", reject);
      outgoing.end(content);
    });
  }

  /** All containers of the supervisor, by service. */
  async containers(): Promise<Map<string, ListedContainer>> {
    const all = (await this.call("GET", "/containers/json?all=true")) as ListedContainer[];
    const own = all.filter(({ Labels }) => Labels["io.balena.supervised"] !== undefined);
    return new Map(own.map((container) => [container.Labels["io.balena.service-name"] ?? "", container]));
  }

  /** Runs a program in a container, without waiting for its end. */
  async exec(id: string, Cmd: readonly string[]): Promise<void> {
    const made = (await this.call("POST", `/containers/${id}/exec`, { Cmd })) as { Id: string };
    await this.call("POST", `/exec/${made.Id}/start`, { Detach: true });
  }
}
