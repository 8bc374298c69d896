import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that is removed with the scope: `await using scratch = await scratchDirectory()`. */
export async function scratchDirectory(): Promise<{ readonly path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "holdfast-supervisor-unit-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A log that keeps its lines. */
export function recordingLog(): {
  lines: string[];
  info: (line: string) => void;
  warn: (line: string) => void;
  error: (line: string) => void;
} {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, info: write, warn: write, error: write };
}
