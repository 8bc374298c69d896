import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";

/** A request as it came, its body unread. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** Answers a request. A value that is returned is sent as JSON with status 200; the response itself, or nothing, is not. */
export type Answering = (asked: Asked, response: ServerResponse) => unknown;

/** A fleet server on this machine's loopback for tests: keeps what it was asked, answers what the test says. */
export class LoopbackServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly url: string;
  answer: Answering;
  readonly #server: Server;

  private constructor(server: Server, url: string, answer: Answering) {
    this.#server = server;
    this.url = url;
    this.answer = answer;
    server.on("request", (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const asked = { method, path, headers, body: Buffer.concat(chunks).toString() };
        this.asked.push(asked);
        const value = this.answer(asked, response);
        if (value === undefined || value === response) return;
        response.end(JSON.stringify(value));
      });
    });
  }

  static async start(answer: Answering): Promise<LoopbackServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return new LoopbackServer(server, `http://127.0.0.1:${port}`, answer);
  }

  /** Paths with their methods, without queries. */
  calls(): readonly string[] {
    return this.asked.map(({ method, path }) => `${method} ${path.split("?")[0]}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
