import type { Readable } from "node:stream";
import { refuse } from "@holdfast/contracts";

/**
 * The lines of a stream, one after the other, without the empty ones; only the current one is in memory.
 * @throws `supervisor.invalid-context` once more than `limit` bytes came
 */
export async function* textLines(stream: Readable, limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let received = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Buffer)) continue;
    received += chunk.length;
    if (received > limit) {
      refuse("supervisor.invalid-context", {
        message: `The list of files exceeds ${limit} bytes.`,
        hint: "Name in .dockerignore what the build does not need.",
      });
    }
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
