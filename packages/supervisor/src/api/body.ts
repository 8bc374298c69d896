import type { IncomingMessage } from "node:http";
import { checkJsonShape } from "@holdfast/contracts";

/** Largest body, as balena's (compat 3). */
const MAX_BODY = 10 * 1024 * 1024;

/** The body cannot be read: too large, or not what its type says. */
export class BadBody extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "BadBody";
    this.status = status;
  }
}

/**
 * Reads a JSON or form body; `{}` when it is empty.
 * @throws BadBody, or HoldfastError `supervisor.invalid-target` for one whose parsing would cost too much memory
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request);
  const content = bytes.toString();
  if (content.trim() === "") return {};
  if ((request.headers["content-type"] ?? "").includes("application/x-www-form-urlencoded")) {
    return Object.fromEntries(new URLSearchParams(content));
  }
  checkJsonShape(bytes, "The body");
  try {
    return JSON.parse(content);
  } catch {
    throw new BadBody(400, "The body is not valid JSON");
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue;
    length += chunk.length;
    if (length > MAX_BODY) throw new BadBody(413, `The body exceeds ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
