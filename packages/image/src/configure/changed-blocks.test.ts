import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { copyRegion, writeBackRegion } from "./changed-blocks.ts";

const MIB = 1024 * 1024;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("takes a region out with its holes, and writes back only the blocks that differ", async () => {
  const [disk, copy] = [join(folder, "disk"), join(folder, "copy")];
  const bytes = Buffer.alloc(4 * MIB);
  bytes.fill(7, MIB + 8192, MIB + 12_288);
  await writeFile(disk, bytes);
  const region = { offset: MIB, size: 2 * MIB };
  await using handle = await open(disk, "r+");
  await copyRegion(handle, region, copy);
  expect((await stat(copy)).size).toBe(2 * MIB);
  expect((await stat(copy)).blocks * 512).toBeLessThan(64 * 1024);

  await using changed = await open(copy, "r+");
  await changed.write(Buffer.from("new"), 0, 3, 5000);
  await changed.write(Buffer.from("new"), 0, 3, 2 * MIB - 3);
  expect(await writeBackRegion(handle, region, copy)).toBe(8192);
  bytes.write("new", MIB + 5000);
  bytes.write("new", 3 * MIB - 3);
  expect(bytes.equals(await readFile(disk))).toBe(true);
  expect(await writeBackRegion(handle, region, copy)).toBe(0);
});

it("says when the disk ends within the region", async () => {
  const disk = join(folder, "disk");
  await writeFile(disk, Buffer.alloc(MIB));
  await using handle = await open(disk, "r+");
  await expect(copyRegion(handle, { offset: 0, size: 2 * MIB }, join(folder, "copy"))).rejects.toThrow("early");
});
