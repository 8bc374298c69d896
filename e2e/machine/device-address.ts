import { connect, createServer, type Server, type Socket } from "node:net";

/** Port of the device as its network sees it -> port of 127.0.0.1 that leads to it. */
export type DevicePorts = Readonly<Record<number, number>>;

/**
 * An address of this machine's loopback at which a device has the ports that it has on a network. Clients that know
 * those ports by heart find it there, whichever ports of 127.0.0.1 were free for it.
 */
export class DeviceAddress {
  readonly ip: string;
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  private constructor(ip: string, servers: readonly Server[]) {
    this.ip = ip;
    this.#servers = servers;
  }

  /** The address is this process's own, so that suites of several checkouts do not meet. @throws when a port is taken */
  static async open(ports: DevicePorts): Promise<DeviceAddress> {
    // A client that closes its half still listens: `docker run -i` does.
    const pairs = Object.entries(ports).map(([port, target]) => {
      return { port: Number(port), target, server: createServer({ allowHalfOpen: true }) };
    });
    const ip = `127.${64 + ((process.pid >> 16) & 63)}.${(process.pid >> 8) & 255}.${process.pid & 255}`;
    const address = new DeviceAddress(
      ip,
      pairs.map(({ server }) => server),
    );
    for (const { port, target, server } of pairs) {
      server.on("connection", (client) => address.#relay(client, target));
      await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, ip, resolve));
    }
    return address;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #relay(client: Socket, port: number): void {
    const device = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    for (const [one, other] of [
      [client, device],
      [device, client],
    ] as const) {
      this.#sockets.add(one);
      one.once("error", () => other.destroy());
      one.once("close", () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  }
}
