import type { Readable } from "node:stream";

/** A line longer than this is not from a sane engine. */
const MAX_LINE = 1024 * 1024;

/** Parses a stream of newline-separated JSON values; a line that is no JSON is skipped. */
export async function* jsonLines(stream: Readable): AsyncGenerator<unknown> {
  let rest = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    rest += String(chunk);
    let end = rest.indexOf("\n");
    for (; end >= 0; end = rest.indexOf("\n")) {
      const value = parse(rest.slice(0, end));
      rest = rest.slice(end + 1);
      if (value !== undefined) yield value;
    }
    if (rest.length > MAX_LINE) throw new Error("the engine sent an endless line");
  }
  const last = parse(rest);
  if (last !== undefined) yield last;
}

function parse(line: string): unknown {
  if (line.trim() === "") return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
