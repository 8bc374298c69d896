import type { Server } from "node:http";
import type { Socket } from "node:net";

export type ConnectionLimits = {
  /** All connections; each one costs memory, and a device's clients are a handful. */
  readonly together: number;
  /** From one address: no app can take the places of the others and of the host. */
  readonly perAddress: number;
};

/** Closes connections beyond the limits as soon as they come. */
export function limitConnections(server: Server, { together, perAddress }: ConnectionLimits): void {
  const open = new Map<string, number>();
  server.maxConnections = together;
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddress) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}
