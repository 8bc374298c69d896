import { statSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { contentOf } from "../../tree/entry.ts";
import { readElf } from "./elf.ts";
import { tinyElf } from "./tiny-elf.ts";

test("reads a real program of the machine", () => {
  const elf = readElf({ kind: "range", file: "/bin/true", offset: 0, size: statSync("/bin/true").size });
  expect(elf?.needed).toContain("libc.so.6");
  expect(elf?.interpreter).toMatch(/^\/lib.*\/ld-linux.*\.so/);
});

test("reads what is needed, the run path and the loader", () => {
  const bytes = tinyElf({
    needed: ["liba.so.1", "libb.so"],
    runPath: "$ORIGIN/x:/y",
    interpreter: "/lib64/ld.so",
    machine: 183,
  });
  expect(readElf({ kind: "bytes", bytes })).toEqual({
    machine: 183,
    needed: ["liba.so.1", "libb.so"],
    runPath: ["$ORIGIN/x", "/y"],
    soname: undefined,
    interpreter: "/lib64/ld.so",
  });
});

test("takes scripts, short files and 32-bit programs for no ELF files", () => {
  expect(readElf(contentOf("#!/bin/sh\n"))).toBeUndefined();
  const bytes = Buffer.from(tinyElf({}));
  bytes[4] = 1;
  expect(readElf({ kind: "bytes", bytes })).toBeUndefined();
});

test("answers or throws a RangeError for damaged files, and always ends", () => {
  const whole = tinyElf({ needed: ["liba.so.1"], interpreter: "/lib64/ld.so" });
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
      const bytes = Uint8Array.from(whole).subarray(0, length);
      if (at >= 6 && at < length) bytes[at] = byte;
      try {
        readElf({ kind: "bytes", bytes });
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(RangeError);
      }
    }),
  );
});
