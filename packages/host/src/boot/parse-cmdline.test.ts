import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCmdline, verityTargetOf } from "./parse-cmdline.ts";

const hash = "ab".repeat(32);

describe("verityTargetOf", () => {
  it("reads root hash and offset among other words", () => {
    const cmdline = `gpt ro holdfast.roothash=${hash.toUpperCase()} console="tty S0" holdfast.hashoffset=1048576 panic=10\n`;
    expect(verityTargetOf(cmdline)).toEqual({ rootHash: hash, hashOffset: 1048576 });
  });

  it.each([
    ["no hash", "holdfast.hashoffset=4096"],
    ["a short hash", "holdfast.roothash=abcd holdfast.hashoffset=4096"],
    ["no offset", `holdfast.roothash=${hash}`],
    ["an offset of nought", `holdfast.roothash=${hash} holdfast.hashoffset=0`],
    ["a hash that would be a path", `holdfast.roothash=../${hash.slice(3)} holdfast.hashoffset=4096`],
  ])("refuses %s", (_, cmdline) => {
    expect(verityTargetOf(cmdline)).toBeUndefined();
  });
});

describe("parseCmdline", () => {
  it("gives back every key and value, quoted or not, the last one winning", () => {
    const word = fc.stringMatching(/^[a-z.]{1,8}$/);
    const value = fc.stringMatching(/^[a-z0-9=/ ]{1,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, value), { maxLength: 8 }), (pairs) => {
        const text = pairs.map(([key, text]) => `${key}="${text}"`).join("  ");
        expect(Object.fromEntries(parseCmdline(text))).toEqual(Object.fromEntries(pairs));
      }),
    );
  });
});
