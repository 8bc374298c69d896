import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { listenOnLoopback } from "../machine/listen-on-loopback.ts";
import { TEST_MACHINE } from "../neighbour/tree-server.ts";

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;
export type Asked = { readonly path: string; readonly authorization: string | undefined };

/** What a fleet server answers on /os/v1/config, as the device contract has it. */
export type ServicesAnswer = {
  readonly config: string;
  readonly ca: string;
  readonly overrides?: Readonly<Record<string, unknown>>;
};

/** The body of an answer. */
export const servicesBody = ({ config, ca, overrides = {} }: ServicesAnswer): string =>
  JSON.stringify({
    services: { openvpn: { config, ca }, ssh: { authorized_keys: "" } },
    config: { overrides },
    schema_version: "1.0.0",
  });

/** Answers as a healthy server does: 200 to the key, 401 to any other. */
export function answering(accepted: () => string, body: () => string): Answering {
  return (request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${accepted()}`;
    const isAsked = request.url === "/os/v1/config";
    response.writeHead(isAsked ? (isKnown ? 200 : 401) : 404, { "content-type": "application/json" });
    response.end(isAsked && isKnown ? body() : "{}");
  };
}

/** The device-facing part of a fleet server, as far as os-config sees it, in the test's own process. */
export class FleetServer implements AsyncDisposable {
  readonly asked: Asked[] = [];
  readonly port: number;
  answer: Answering;
  readonly #server: Server;

  private constructor(server: Server, port: number, answer: Answering) {
    this.#server = server;
    this.port = port;
    this.answer = answer;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
      this.answer(request, response);
    });
  }

  static async start(answer: Answering, tls?: { readonly key: string; readonly cert: string }): Promise<FleetServer> {
    const server = tls === undefined ? createHttpServer() : createHttpsServer(tls);
    return new FleetServer(server, await listenOnLoopback(server), answer);
  }

  /** Its address for a device under QEMU. */
  get host(): string {
    return `${TEST_MACHINE}:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
