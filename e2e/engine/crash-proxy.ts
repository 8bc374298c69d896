import { rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { hijack } from "../../packages/supervisor/src/gateway/hijack.ts";

/** Between supervisor and engine: counts the requests that change something, and strikes at a chosen one. */
export class CrashProxy {
  readonly socket: string;
  readonly #server: Server;
  #changes = 0;
  #strikeAt: number | undefined;
  #strike: () => void = () => {};

  private constructor(socket: string, engineSocket: string) {
    this.socket = socket;
    this.#server = createServer((incoming, outgoing) => {
      const isChange = incoming.method !== "GET";
      const number = this.#changes;
      if (isChange) this.#changes += 1;
      const onward = request(
        { socketPath: engineSocket, method: incoming.method, path: incoming.url, headers: incoming.headers },
        (answer) => {
          // The engine has done it, and the supervisor will never know.
          if (isChange && number === this.#strikeAt) this.#strike();
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          outgoing.flushHeaders();
          answer.pipe(outgoing);
          // An engine that dies in the middle of an answer resets the connection; so does this proxy.
          answer.on("close", () => answer.complete || outgoing.destroy());
        },
      );
      onward.on("error", () => outgoing.destroy());
      outgoing.on("close", () => onward.destroy());
      incoming.pipe(onward);
    });
    // Connections that are taken over (exec's input and output) change nothing that is counted.
    this.#server.on("upgrade", (asked, client, head) => hijack(engineSocket, asked, client, head));
  }

  static async start(socket: string, engineSocket: string): Promise<CrashProxy> {
    rmSync(socket, { force: true });
    const proxy = new CrashProxy(socket, engineSocket);
    await new Promise<void>((resolve) => proxy.#server.listen(socket, resolve));
    return proxy;
  }

  /** Calls back once the engine has done the change with this number, counted from now. */
  strikeAt(number: number, strike: () => void): void {
    this.#changes = 0;
    this.#strikeAt = number;
    this.#strike = strike;
  }

  changes(): number {
    return this.#changes;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
