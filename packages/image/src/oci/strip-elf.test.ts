import { describe, expect, it } from "vitest";
import { stripElf } from "./strip-elf.ts";

/** A 64-bit ELF with one loaded segment of `loaded` bytes and `rest` bytes of sections behind it. */
function program(loaded: number, rest: number): Uint8Array {
  const bytes = new Uint8Array(loaded + rest).fill(7);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(loaded), true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  for (const field of [58, 60, 62]) view.setUint16(field, 9, true);
  view.setUint32(64, 1, true);
  view.setBigUint64(64 + 8, 0n, true);
  view.setBigUint64(64 + 32, BigInt(loaded), true);
  return bytes;
}

describe("stripElf", () => {
  it("cuts what no loader maps and forgets the section headers", () => {
    const stripped = stripElf(program(300, 1000));
    expect(stripped.length).toBe(300);
    const view = new DataView(stripped.buffer);
    expect([view.getBigUint64(40, true), view.getUint16(60, true), view.getUint16(62, true)]).toEqual([0n, 0, 0]);
    expect([...stripped.subarray(200)]).toEqual(Array.from({ length: 100 }, () => 7));
  });

  it("leaves the input alone and is done after one go", () => {
    const input = program(300, 10);
    const copy = Uint8Array.from(input);
    const once = stripElf(input);
    expect(input).toEqual(copy);
    expect(stripElf(once)).toEqual(once);
  });

  it("refuses what is no such program, or a cut one", () => {
    expect(() => stripElf(new TextEncoder().encode("#!/bin/sh\n".repeat(20)))).toThrow("not a 64-bit");
    expect(() => stripElf(program(300, 0).slice(0, 250))).toThrow("is cut");
  });
});
