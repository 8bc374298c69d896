import { connect, type Socket } from "node:net";
import { messageOf, worldError } from "@holdfast/contracts";
import { type DbusAnswer, type DbusCall, decodeMessage, encodeCall } from "./dbus-message.ts";

/** As long as libdbus waits for an answer. */
const TIMEOUT_MS = 25_000;
const HELLO: DbusCall = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
  member: "Hello",
};

/**
 * Calls one method on the system bus, on a connection of its own; what it returns is not looked at. Three messages, so no
 * library: the smallest one weighs more than the rest of this folder many times over.
 * @throws HoldfastError `supervisor.dbus-failed` with the bus's reason
 */
export async function callDbus(socketPath: string, call: DbusCall, timeoutMs = TIMEOUT_MS): Promise<void> {
  const socket = connect({ path: socketPath });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("no answer in time")));
  try {
    const reader = new Reader(socket);
    // The kernel vouches for who we are; the name is our user's number, in hexadecimal digits of its text.
    const me = Buffer.from(String(process.getuid?.() ?? 0)).toString("hex");
    socket.write(`\0AUTH EXTERNAL ${me}\r\n`);
    const line = await reader.line();
    if (!line.startsWith("OK ")) throw new Error(`the bus refuses us: ${line}`);
    socket.write("BEGIN\r\n");
    for (const [at, next] of [HELLO, call].entries()) {
      socket.write(encodeCall(next, at + 1));
      const { error } = await reader.answerTo(at + 1);
      if (error !== undefined) throw new Error(`${error.message} (${error.name})`);
    }
  } catch (error) {
    throw worldError("supervisor.dbus-failed", {
      message: `${call.interface}.${call.member} failed: ${messageOf(error)}`,
      hint: "On the device: systemctl status dbus systemd-logind",
      cause: error,
    });
  } finally {
    socket.destroy();
  }
}

/** Lines, then messages, of one stream. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#bytes.indexOf("\r\n");
      if (end < 0) {
        await this.#more();
        continue;
      }
      const line = this.#bytes.toString("utf8", 0, end);
      this.#bytes = this.#bytes.subarray(end + 2);
      return line;
    }
  }

  /** The answer to a call; signals and answers to others are passed over. */
  async answerTo(serial: number): Promise<DbusAnswer> {
    for (;;) {
      const message = decodeMessage(this.#bytes);
      if (message === undefined) {
        await this.#more();
        continue;
      }
      this.#bytes = this.#bytes.subarray(message.length);
      if (message.answer.replyTo === serial) return message.answer;
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done === true) throw new Error("the bus closed the connection");
    this.#bytes = Buffer.concat([this.#bytes, value]);
  }
}
