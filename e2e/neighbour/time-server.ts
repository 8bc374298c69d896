import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { TEST_MACHINE } from "./tree-server.ts";

/** Seconds from 1900, NTP's beginning, to 1970. */
const NTP_TO_UNIX = 2_208_988_800;
const PACKET_BYTES = 48;
/** Answer of a server (mode 4, version 4) that is synchronised to a clock of its own. */
const HEAD = [0b00_100_100, 1, 0, 0xec] as const;

/**
 * An NTP server (RFC 5905) with a clock of its own: a neighbour inside the device shares the device's. It runs in the test
 * process, under the address that it has for a device on QEMU's user network.
 */
export class TimeServer implements Disposable {
  /** Seconds by which its clock is ahead of this machine's. */
  ahead = 0;
  isSilent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (request, from) => {
      if (!this.isSilent && request.length >= PACKET_BYTES) socket.send(this.#answer(request), from.port, from.address);
    });
  }

  static async start(): Promise<TimeServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      // Ports below 1024 are root's.
      socket.bind(randomInt(20_000, 60_000), "127.0.0.1", resolve);
    });
    return new TimeServer(socket);
  }

  /** A command line for the device, after which this server answers under `address` on NTP's port. */
  reachedAs(address: string): string {
    const target = `${TEST_MACHINE}:${this.#socket.address().port}`;
    return `iptables -t nat -A OUTPUT -p udp -d ${address} --dport 123 -j DNAT --to-destination ${target}`;
  }

  get now(): number {
    return Date.now() / 1000 + this.ahead;
  }

  #answer(request: Buffer): Buffer {
    const answer = Buffer.alloc(PACKET_BYTES);
    answer.set(HEAD);
    answer.write("TEST", 12, "latin1");
    const stamp = (at: number): void => {
      const seconds = this.now + NTP_TO_UNIX;
      answer.writeUInt32BE(Math.floor(seconds) >>> 0, at);
      answer.writeUInt32BE(Math.floor((seconds % 1) * 2 ** 32) >>> 0, at + 4);
    };
    stamp(16);
    // The sender's own stamp comes back to it.
    request.copy(answer, 24, 40, 48);
    stamp(32);
    stamp(40);
    return answer;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
