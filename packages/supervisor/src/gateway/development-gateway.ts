import type { Server } from "node:http";
import { messageOf } from "@holdfast/contracts";
import { listen } from "../api/server.ts";
import type { Paths } from "../device/paths.ts";
import type { Log } from "../log.ts";
import { engineGateway } from "./engine-gateway.ts";

/** The engine over TCP, open while the device is in development mode. */
export class DevelopmentGateway {
  readonly #paths: Paths;
  readonly #log: Log;
  #server: Server | undefined;

  constructor(paths: Paths, log: Log) {
    this.#paths = paths;
    this.#log = log;
  }

  /** Opens the port, or closes it with all that goes through it. */
  set(isOpen: boolean): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#server = undefined;
    if (!isOpen) return;
    const { engineSocket, gatewayPort, listenAddress } = this.#paths;
    this.#server = engineGateway(engineSocket);
    listen(this.#server, gatewayPort, listenAddress).catch((error: unknown) => {
      this.#log.error(`The engine's port ${gatewayPort} cannot be opened: ${messageOf(error)}`);
    });
  }
}
