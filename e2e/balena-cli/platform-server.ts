import { createServer, type Server } from "node:http";
import { listenOnLoopback } from "../machine/listen-on-loopback.ts";

/** The only fleet, and whose it is. */
export const FLEET = "someone/pumps";
export const LOGIN = "0123456789abcdef0123456789abcdef";

/**
 * The developers' part of a fleet server, as far as balena-cli asks it when a device joins or leaves a fleet: who is logged
 * in, which fleets there are, and the configuration of a device of the fleet.
 */
export class PlatformServer implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `config` is what a device that joins is given. */
  static async start(config: object): Promise<PlatformServer> {
    const type = { id: 1, slug: "generic-amd64", is_of__cpu_architecture: [{ slug: "amd64" }] };
    const fleetType = { slug: "generic-amd64", is_of__cpu_architecture: { __id: 1 } };
    const answers: Readonly<Record<string, unknown>> = {
      "/actor/v1/whoami": { id: 1, actorType: "user", actorTypeId: 1, username: "someone", email: "" },
      "/v7/device_type": { d: [type] },
      "/v7/cpu_architecture": { d: [{ id: 1, slug: "amd64" }] },
      "/v7/application": { d: [{ id: 5, app_name: "pumps", slug: FLEET, is_for__device_type: [fleetType] }] },
      "/device-types/v1": [{ slug: "generic-amd64", name: "PC", arch: "amd64", state: "RELEASED", options: [] }],
      "/download-config": config,
    };
    const server = createServer((request, response) => {
      const isKnown = request.headers.authorization === `Bearer ${LOGIN}`;
      const answer = answers[request.url?.split("?")[0] ?? ""];
      response.writeHead(isKnown ? (answer === undefined ? 404 : 200) : 401, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? {}));
    });
    return new PlatformServer(server, await listenOnLoopback(server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
