import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ErrorCode, errorCodes, HoldfastError, messageOf, refuse, worldError } from "@holdfast/contracts";
import { z } from "zod";
import { linesOf } from "./lines-of.ts";

/** Where supervisors listen. */
export const API_PORT = "48484";

/** A supervisor answers at once, also under emulation; what takes long is streamed. */
const PATIENCE_MS = 60_000;
/** A device that lost its power is noticed this long after its last byte. */
const KEEP_ALIVE_MS = 10_000;
const UNAUTHORIZED = 401;
const NOT_FOUND = 404;

type DeviceBody = { readonly type: string; readonly content: Iterable<Buffer | string> };
type Ask = { readonly method: "GET" | "POST"; readonly path: string; readonly body?: DeviceBody };

const failureBody = z.object({ message: z.string(), code: z.string().optional() });

/** The device API of one device, asked over HTTP. All calls end when the signal fires. */
export class DeviceApi {
  readonly #base: string;
  readonly #signal: AbortSignal;
  readonly #key: string | undefined;

  /** @param key the device's API key; development devices in local mode need none */
  constructor(base: string, signal: AbortSignal, key?: string) {
    this.#base = base;
    this.#signal = signal;
    this.#key = key;
  }

  /** The address that is asked, for messages. */
  get address(): string {
    return this.#base;
  }

  /**
   * Asks for JSON.
   * @throws `cli.unreachable-device`, `cli.device-refused`, and any code that the device itself gives
   */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return await this.#ask({ method: "GET", path }, schema);
  }

  /** Posts JSON. Throws as `get` does. */
  async post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return await this.#ask({ method: "POST", path, body: jsonBody(body) }, schema);
  }

  /** Posts anything else. Throws as `get` does. */
  async send<T>(path: string, body: DeviceBody, schema: z.ZodType<T>): Promise<T> {
    return await this.#ask({ method: "POST", path, body }, schema);
  }

  /**
   * The lines of an answer that may go on for ever, parsed; lines that are no JSON are left out. Posts `body` if there is
   * one. Throws as `get` does.
   */
  async *lines(path: string, body?: object): AsyncGenerator<unknown> {
    const ask: Ask = body === undefined ? { method: "GET", path } : { method: "POST", path, body: jsonBody(body) };
    const answer = await this.#open(ask, 0);
    answer.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    try {
      for await (const line of linesOf(answer)) {
        const value = parseJson(line);
        if (value !== undefined) yield value;
      }
    } catch (cause) {
      this.#unreachable(cause);
    } finally {
      answer.destroy();
    }
  }

  async #ask<T>(ask: Ask, schema: z.ZodType<T>): Promise<T> {
    const answer = await this.#open(ask, PATIENCE_MS);
    const content = await text(answer).catch((cause: unknown) => this.#unreachable(cause));
    const parsed = schema.safeParse(parseJson(content));
    if (parsed.success) return parsed.data;
    return refuse("cli.device-refused", {
      message: `${this.#base}${ask.path} answers something else than a supervisor would.`,
      hint: "Check that the address is that of a device that runs Holdfast.",
    });
  }

  async #open({ method, path, body }: Ask, timeoutMs: number): Promise<IncomingMessage> {
    const headers = {
      ...(body === undefined ? {} : { "content-type": body.type }),
      ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
    };
    const outgoing = request(`${this.#base}${path}`, { method, headers, signal: this.#signal, agent: false });
    if (timeoutMs > 0) outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error("it says nothing")));
    let answer: IncomingMessage;
    try {
      answer = await exchange(outgoing, body);
    } catch (cause) {
      return this.#unreachable(cause);
    }
    if ((answer.statusCode ?? 0) >= 400) await this.#fail(answer, path);
    return answer;
  }

  async #fail(answer: IncomingMessage, path: string): Promise<never> {
    const content = await text(answer).catch(() => "");
    const status = answer.statusCode ?? 0;
    if (status === UNAUTHORIZED) {
      return refuse("cli.device-refused", {
        message: `The device at ${this.#base} asks for a key.`,
        hint: "Devices in development mode need none; else give the file that holds the device's API key (--key).",
      });
    }
    const { message, code } = failureBody.safeParse(parseJson(content)).data ?? { message: content.trim() };
    if (status === NOT_FOUND && code === undefined) {
      return refuse("cli.device-refused", {
        message: `The device at ${this.#base} does not know ${path}.`,
        hint: "Its supervisor is older, or not Holdfast's.",
      });
    }
    throw worldError(isErrorCode(code) ? code : "cli.device-refused", {
      message: `The device refuses: ${message.replace(/\.$/, "")}.`,
      hint: hintOf(code),
    });
  }

  #unreachable(cause: unknown): never {
    this.#signal.throwIfAborted();
    if (cause instanceof HoldfastError) throw cause;
    throw worldError("cli.unreachable-device", {
      message: `The supervisor at ${this.#base} does not answer: ${messageOf(cause)}.`,
      hint: "Check that the device is on and the address right; the network reaches its API in development mode only.",
      cause,
    });
  }
}

/** Sends the request and returns the head of the answer. An answer that comes before all was sent counts, too. */
async function exchange(outgoing: ClientRequest, body: DeviceBody | undefined): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
  });
  if (body === undefined) outgoing.end();
  else {
    pipeline(Readable.from(body.content), outgoing).catch((cause: unknown) => {
      outgoing.destroy(cause instanceof Error ? cause : new Error(String(cause)));
    });
  }
  return await answered;
}

function jsonBody(body: object): DeviceBody {
  return { type: "application/json", content: [JSON.stringify(body)] };
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** Whether a device's code is one that this command line knows; it may be newer. */
export function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(errorCodes, code);
}

/** What to do about the codes with which a device refuses a push. */
export function hintOf(code: string | undefined): string {
  switch (code) {
    case "supervisor.no-local-builds":
      return "Set developmentMode in the device's config.json; a device with a fleet server also needs local mode.";
    case "supervisor.invalid-context":
      return "Name in .dockerignore what the build does not need.";
    case "storage.insufficient-space":
      return "Remove images and volumes from the device that are not needed, or enlarge its data partition.";
    case "supervisor.build-busy":
      return "Wait until it is done; a device builds one image at a time.";
    default:
      return "Correct what it names and try again.";
  }
}
