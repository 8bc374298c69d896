import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { checkJsonShape } from "@holdfast/contracts";
import { GrowingBuffer } from "./growing-buffer.ts";

/** Largest body, as balena's (compat 3). */
const MAX_BODY = 10 * 1024 * 1024;
/** A form has a handful of fields; each one more is an object. */
const MAX_FORM = 64 * 1024;
/** Bodies of all requests together: the process has to do with 96 MB, and a body is in memory several times over. */
const MAX_TOGETHER = 16 * 1024 * 1024;
/** So much of each body does not count: small requests get through, whatever others hold. */
const FREE = 64 * 1024;

/** The body cannot be read: too large, or not what its type says. */
export class BadBody extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "BadBody";
    this.status = status;
  }
}

type Request = Readable & Pick<IncomingMessage, "headers">;

/** Reads the bodies of a server's requests; what it holds of all of them together is bounded. */
export class BodyReader {
  #held = 0;

  /** The value of a JSON or form body; `{}` when it is empty. @throws BadBody, HoldfastError `supervisor.invalid-target` */
  async read(request: Request): Promise<unknown> {
    const isForm = (request.headers["content-type"] ?? "").includes("application/x-www-form-urlencoded");
    const content = await this.#content(request, isForm ? MAX_FORM : MAX_BODY);
    if (isForm) return Object.fromEntries(new URLSearchParams(content.toString()));
    checkJsonShape(content, "The body");
    const text = content.toString();
    if (text.trim() === "") return {};
    try {
      return JSON.parse(text);
    } catch {
      throw new BadBody(400, "The body is not valid JSON");
    }
  }

  async #content(request: Request, limit: number): Promise<Buffer> {
    const tooLarge = () => new BadBody(413, `The body exceeds ${limit} bytes`);
    if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge();
    const content = new GrowingBuffer();
    let counted = 0;
    try {
      // An answer is still to be sent on this connection.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Buffer)) continue;
        if (content.length + chunk.length > limit) throw tooLarge();
        const more = Math.max(0, content.length + chunk.length - FREE) - counted;
        if (this.#held + more > MAX_TOGETHER) throw new BadBody(503, "Too many large requests at a time; try again");
        this.#held += more;
        counted += more;
        content.append(chunk);
      }
    } catch (error) {
      throw error instanceof BadBody ? error : new BadBody(400, "The request broke off");
    } finally {
      this.#held -= counted;
    }
    return content.bytes();
  }
}
