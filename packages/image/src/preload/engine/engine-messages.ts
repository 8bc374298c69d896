import type { Readable } from "node:stream";
import { z } from "zod";

const message = z.looseObject({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  aux: z.looseObject({ ID: z.string().optional() }).optional(),
});
export type EngineMessage = z.output<typeof message>;

/** The progress messages of build, load and pull: one JSON document a line. Lines of other forms are dropped. */
export async function* engineMessages(body: Readable): AsyncGenerator<EngineMessage, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* parseLine(line);
  }
  yield* parseLine(rest);
}

function* parseLine(line: string): Generator<EngineMessage, void, undefined> {
  if (line.trim() === "") return;
  try {
    const parsed = message.safeParse(JSON.parse(line));
    if (parsed.success) yield parsed.data;
  } catch {
    // Not JSON: an engine's plain text, which nothing depends on.
  }
}
