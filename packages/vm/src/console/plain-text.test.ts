import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consoleTail } from "./console-log.ts";
import { lastLines, plainText } from "./plain-text.ts";
import { findInConsole } from "./wait-for-console.ts";

const raw = (text: string) => Buffer.from(text);

describe("plainText", () => {
  it.each([
    ["colours", "\x1b[0;32m  OK  \x1b[0m done", "  OK   done"],
    ["carriage returns", "a\r\nb\r\n", "a\nb\n"],
    ["window titles", "\x1b]0;root@device\x07$ ", "$ "],
    ["titles with another end", "\x1b]3008;start=1\x1b\\$ ", "$ "],
    ["choices of character sets", "\x1b(Bx", "x"],
    ["saved cursors", "\x1b7\x1b[r\x1b[999;999H\x1b[6n\x1b8x", "x"],
    ["a sequence that is cut off", "abc\x1b[3", "abc"],
  ])("takes out %s", (_case, shown, plain) => {
    expect(plainText(raw(shown)).text).toBe(plain);
  });

  it("tells where each character was, whatever came", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { text, offsets } = plainText(bytes);
        expect(offsets).toHaveLength(text.length);
        expect([...text].every((character, index) => bytes[offsets[index] ?? -1] === character.charCodeAt(0))).toBe(
          true,
        );
      }),
    );
  });
});

describe("findInConsole", () => {
  it("finds a text across colours, and tells where the log goes on", () => {
    const log = raw("[\x1b[32m  OK  \x1b[0m] Started\r\nlogin: ");
    const match = findInConsole(log, "[  OK  ] Started");
    expect(log.subarray(match?.end).toString()).toBe("\r\nlogin: ");
  });

  it("takes a text literally and an expression as one", () => {
    expect(findInConsole(raw("axc"), "a.c")).toBeUndefined();
    expect(findInConsole(raw("release 12"), /release (\d+)/g)?.groups[1]).toBe("12");
  });

  it("finds what is not ASCII", () => {
    expect(findInConsole(raw("naïve"), "naïve")?.end).toBe(6);
  });
});

describe("consoleTail", () => {
  it("shows the last lines of this run only", async () => {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-console-"));
    const consoleLog = join(directory, "console.log");
    await writeFile(
      consoleLog,
      `former run\n${Array.from({ length: 60 }, (_, index) => `line ${index}\r\n\r\n`).join("")}`,
    );
    const tail = await consoleTail({ consoleLog, consoleStart: 11 });
    expect(tail).toHaveLength(40);
    expect(tail.at(-1)).toBe("line 59");
    expect(await consoleTail({ consoleLog, consoleStart: 11 }, 100)).not.toContain("former run");
    await rm(directory, { recursive: true });
  });

  it("is empty before the first output", async () => {
    expect(await consoleTail({ consoleLog: "/nonexistent/console.log", consoleStart: 0 })).toEqual([]);
    expect(lastLines(raw(""), 40)).toEqual([]);
  });
});
