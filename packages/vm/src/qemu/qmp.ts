import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { worldError } from "@holdfast/contracts";
import { z } from "zod";

const messageSchema = z.object({
  QMP: z
    .object({ version: z.object({ qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }) }) })
    .optional(),
  id: z.int().optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
  event: z.string().optional(),
});
type Message = z.output<typeof messageSchema>;

const REPLY_TIMEOUT_MS = 30_000;

/** Splits a stream of bytes into the JSON lines of QMP. */
function qmpLines(): (chunk: Buffer) => Message[] {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    return lines.filter((line) => line.trim() !== "").map((line) => messageSchema.parse(JSON.parse(line)));
  };
}

/** A conversation with a running QEMU. QEMU talks with one at a time; others wait for their turn. */
export class Qmp implements Disposable {
  /** Version of QEMU, e.g. `10.0.13`. */
  readonly version: string;
  readonly #socket: Socket;
  readonly #waiting: Map<number, (message: Message) => void>;
  #lastId = 0;

  private constructor(socket: Socket, version: string, waiting: Map<number, (message: Message) => void>) {
    this.#socket = socket;
    this.version = version;
    this.#waiting = waiting;
  }

  /** Connects and agrees on capabilities. Throws the socket's error when nobody listens. */
  static async connect(path: string): Promise<Qmp> {
    const socket = connect(path);
    const waiting = new Map<number, (message: Message) => void>();
    const split = qmpLines();
    const version = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("QEMU did not greet")), REPLY_TIMEOUT_MS);
      const lost = (error?: Error) => {
        clearTimeout(timer);
        reject(error ?? new Error("QEMU closed the connection"));
        const message = { error: { class: "Gone", desc: "QEMU ended" } };
        for (const answer of waiting.values()) answer(message);
        waiting.clear();
      };
      socket.once("error", lost);
      socket.once("close", () => lost());
      socket.on("data", (chunk: Buffer) => {
        for (const message of split(chunk)) {
          const greeting = message.QMP?.version.qemu;
          if (greeting !== undefined) {
            clearTimeout(timer);
            resolve(`${greeting.major}.${greeting.minor}.${greeting.micro}`);
          } else if (message.id !== undefined) waiting.get(message.id)?.(message);
        }
      });
    }).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
    const qmp = new Qmp(socket, version, waiting);
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  /** Runs one command. @throws HoldfastError `vm.qemu-failed` with QEMU's own words. */
  async execute(command: string, input: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = ++this.#lastId;
    const reply = await new Promise<Message>((resolve) => {
      const timer = setTimeout(
        () => resolve({ error: { class: "Timeout", desc: `no answer within ${REPLY_TIMEOUT_MS / 1000} s` } }),
        REPLY_TIMEOUT_MS,
      );
      this.#waiting.set(id, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: input, id })}\n`);
    });
    this.#waiting.delete(id);
    if (reply.error === undefined) return reply.return;
    throw worldError("vm.qemu-failed", { message: `QEMU refused ${command}: ${reply.error.desc}.` });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

const migrationSchema = z.object({ status: z.string().optional(), "error-desc": z.string().optional() });

/** Waits for a saving or loading of the device's state to end. @throws HoldfastError `vm.snapshot-failed`. */
export async function migrationEnd(qmp: Qmp, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const state = migrationSchema.parse(await qmp.execute("query-migrate"));
    if (state.status === "completed") return;
    if (state.status === "failed" || state.status === "cancelled" || performance.now() > end) {
      throw worldError("vm.snapshot-failed", {
        message: `The state of the device could not be moved: ${state["error-desc"] ?? state.status ?? "no progress"}.`,
      });
    }
    await sleep(20);
  }
}
