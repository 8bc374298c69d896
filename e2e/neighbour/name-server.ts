import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { TEST_MACHINE } from "./tree-server.ts";

/** A query has a head, at least the root's name, and the question's type and class. */
const HEAD_BYTES = 12;
const TYPE_A = 1;

/** The end of the first question (RFC 1035), whose names are never compressed. */
function endOfQuestion(query: Buffer): number {
  let at = HEAD_BYTES;
  while ((query[at] ?? 0) !== 0) at += 1 + (query[at] ?? 0);
  return at + 5;
}

/** Every name has that IPv4 address, and no other kind of record. Pure. */
function answerTo(query: Buffer, address: readonly number[]): Buffer {
  const end = endOfQuestion(query);
  const hasAddress = query.readUInt16BE(end - 4) === TYPE_A;
  const head = Buffer.from([0, 0, 0x81, 0x80, 0, 1, 0, hasAddress ? 1 : 0, 0, 0, 0, 0]);
  query.copy(head, 0, 0, 2);
  // The name of the question, type and class, a minute to live, four bytes.
  const record = [0xc0, HEAD_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4, ...address];
  return Buffer.concat([head, query.subarray(HEAD_BYTES, end), Buffer.from(hasAddress ? record : [])]);
}

/** A name server in the test process, for a device on QEMU's user network: every name leads to one address. */
export class NameServer implements Disposable {
  isSilent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket, address: string) {
    this.#socket = socket;
    const bytes = address.split(".").map(Number);
    socket.on("message", (query, from) => {
      if (!this.isSilent && query.length >= HEAD_BYTES + 5)
        socket.send(answerTo(query, bytes), from.port, from.address);
    });
  }

  /** @param address where all names lead to */
  static async start(address: string): Promise<NameServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      // Ports below 1024 are root's.
      socket.bind(randomInt(20_000, 60_000), "127.0.0.1", resolve);
    });
    return new NameServer(socket, address);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** A command line for the device, after which this server answers in place of the one at `address`. */
  reachedAs(address: string): string {
    const target = `${TEST_MACHINE}:${this.port}`;
    return `iptables -t nat -A OUTPUT -p udp -d ${address} --dport 53 -j DNAT --to-destination ${target}`;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
