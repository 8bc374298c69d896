import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Hands a connection over to the engine: from here on it is bytes between the client and the engine's socket. */
export function hijack(socketPath: string, asked: IncomingMessage, client: Duplex, head: Buffer): void {
  const engine: Socket = connect({ path: socketPath });
  const end = (): void => {
    client.destroy();
    engine.destroy();
  };
  client.once("error", end);
  engine.once("error", end);
  client.once("close", end);
  engine.once("close", end);
  const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
  for (let at = 0; at < asked.rawHeaders.length; at += 2) {
    lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
  }
  engine.write(`${lines.join("\r\n")}\r\n\r\n`);
  engine.write(head);
  // Each side may end its half and still listen: `docker run -i` closes its input first.
  client.pipe(engine);
  engine.pipe(client);
}
