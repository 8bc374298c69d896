import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatBmap, hashRanges } from "./bmap.ts";
import { type ByteRange, mergeRanges, usedBesidesFree } from "./mapped-ranges.ts";

const sha256 = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("writes ranges, counts and a checksum of itself as bmaptool verifies it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-"));
  try {
    const image = join(folder, "image");
    const bytes = Buffer.alloc(4096 * 5 + 100, 7);
    await writeFile(image, bytes);
    const ranges = await hashRanges(image, bytes.length, [
      [0, 8192],
      [4096 * 5, 4096 * 6],
    ]);
    const text = formatBmap(bytes.length, ranges);
    expect(text).toContain("<BlocksCount> 6 </BlocksCount>");
    expect(text).toContain("<MappedBlocksCount> 3 </MappedBlocksCount>");
    expect(text).toContain(`<Range chksum="${sha256(bytes.subarray(0, 8192))}"> 0-1 </Range>`);
    expect(text).toContain(`<Range chksum="${sha256(bytes.subarray(0, 100))}"> 5 </Range>`);
    const checksum = /<BmapFileChecksum> ([0-9a-f]{64}) /.exec(text)?.[1] ?? "";
    expect(sha256(text.replace(checksum, "0".repeat(64)))).toBe(checksum);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("merges ranges to whole blocks that cover every byte and never touch", () => {
  const range = fc
    .tuple(fc.nat(200_000), fc.integer({ min: 1, max: 50_000 }))
    .map(([start, size]): ByteRange => [start, start + size]);
  fc.assert(
    fc.property(fc.array(range), (ranges) => {
      const merged = mergeRanges(ranges);
      for (const [start, end] of ranges) expect(merged.some(([from, to]) => from <= start && end <= to)).toBe(true);
      for (const [index, [start, end]] of merged.entries()) {
        expect([start % 4096, end % 4096]).toEqual([0, 0]);
        expect(start).toBeGreaterThan(merged[index - 1]?.[1] ?? -1);
      }
    }),
  );
});

test("takes all that debugfs does not list as free for used", () => {
  expect(usedBesidesFree("Free blocks found: 2 3 7 \n", 8 * 4096)).toEqual([
    [0, 2 * 4096],
    [4 * 4096, 7 * 4096],
  ]);
  expect(usedBesidesFree("No free blocks found\n", 4096)).toEqual([[0, 4096]]);
  expect(() => usedBesidesFree("Filesystem not open\n", 4096)).toThrow("Filesystem not open");
});
