import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copySparse, dataRuns } from "./copy-sparse.ts";
import { dataSize, journalSize } from "./data-size.ts";

test("finds the runs of blocks that are not all zeros, the last one shorter than a block", () => {
  const bytes = Buffer.alloc(4096 * 4 + 10);
  bytes[4096] = 1;
  bytes[4096 * 3 - 1] = 1;
  bytes[4096 * 4 + 9] = 1;
  expect(dataRuns(bytes)).toEqual([
    [4096, 4096 * 3],
    [4096 * 4, 4096 * 4 + 10],
  ]);
});

test("copies to an offset and leaves the rest of the target alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-"));
  try {
    const [source, target] = [join(folder, "source"), join(folder, "target")];
    const bytes = Buffer.alloc(2_500_000);
    bytes.write("begin", 0);
    bytes.write("end", bytes.length - 3);
    await writeFile(source, bytes);
    await writeFile(target, "head");
    await truncate(target, 4_000_000);
    await copySparse(source, target, 8192);
    const copied = await readFile(target);
    expect(copied.subarray(8192, 8192 + bytes.length).equals(bytes)).toBe(true);
    expect([copied.toString("latin1", 0, 4), copied.length]).toEqual(["head", 4_000_000]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("gives a data partition room for its content and the largest journal that mke2fs takes", () => {
  const mebibyte = 2 ** 20;
  expect(journalSize(64 * mebibyte)).toBe(16 * mebibyte);
  expect(journalSize(1024 * mebibyte)).toBe(64 * mebibyte);
  expect(dataSize(undefined, 64 * mebibyte)).toBe(64 * mebibyte);
  const content = { kind: "range", file: "/x", offset: 0, size: 300 * mebibyte } as const;
  const size = dataSize(new Map([["a", { type: "file", mode: 0o644, uid: 0, gid: 0, content }]]), 64 * mebibyte);
  expect(size).toBeGreaterThan((300 + 64) * mebibyte);
  expect(size % (4 * mebibyte)).toBe(0);
});
