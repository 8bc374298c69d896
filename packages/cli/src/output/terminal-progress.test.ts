import { expect, it } from "vitest";
import { renderRunning } from "./render-step.ts";
import { terminalProgress } from "./terminal-progress.ts";

function screenOf(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  return {
    written,
    advance: (ms: number) => {
      now += ms;
    },
    progress: terminalProgress({ isTTY, columns: 80, write: (text) => written.push(text) }, () => now),
  };
}

it("prints one line per step without a terminal", () => {
  const { progress, written, advance } = screenOf(false);
  const step = progress.start("Fetch packages", "bytes");
  step.update(1024, 2048);
  advance(1500);
  step.end("2 packages");
  step.end("twice");
  expect(written.join("")).toBe("  Fetch packages                         1.5 s  2 packages\n");
});

it("redraws running steps in place and leaves the ended ones above them", () => {
  const { progress, written, advance } = screenOf(true);
  const first = progress.start("First");
  const second = progress.start("Second");
  advance(100);
  first.end();
  second.end();
  progress.close();
  const screen = replay(written.join(""));
  expect(screen.map((line) => line.trim().split(/\s+/)[0])).toEqual(["First", "Second"]);
});

it("says nothing of a step that took no time", () => {
  const { progress, written } = screenOf(false);
  progress.start("Cached").end("10 packages");
  expect(written).toEqual([""]);
});

it("draws a bar for a known size and never a line wider than the terminal", () => {
  const step = {
    title: "Fetch",
    unit: "bytes",
    done: 512,
    total: 1024,
    note: "x".repeat(200),
    elapsedMs: 3000,
  } as const;
  expect(renderRunning(step, 70)).toHaveLength(70);
  expect(renderRunning(step, 200)).toContain("[==========          ]  50%");
});

/** What a terminal shows after these writes: only "up N", "clear below" and newlines are understood. */
function replay(text: string): string[] {
  const lines: string[] = [];
  let row = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the terminal's control sequences
  for (const part of text.split(/(\x1b\[\d+A|\x1b\[0J|\r|\n)/)) {
    if (part.endsWith("A") && part.startsWith("\x1b")) row -= Number(part.slice(2, -1));
    else if (part === "\x1b[0J") lines.length = row;
    else if (part === "\n") row += 1;
    else if (part !== "" && part !== "\r") lines[row] = part;
  }
  return lines;
}
