import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { SpaceReserve } from "./space-reserve.ts";

const MIB = 1024 * 1024;

it("is taken when there is room, given up on a full disk, and taken again later", async () => {
  await using scratch = await scratchDirectory();
  let free = 1000 * MIB;
  const log = recordingLog();
  const reserve = new SpaceReserve({ dataDir: scratch.path, freeBytes: async () => free, log });
  const size = () =>
    stat(join(scratch.path, "reserve")).then(
      ({ size: bytes }) => bytes,
      () => 0,
    );
  await reserve.look();
  expect(await size()).toBe(16 * MIB);
  free = 20 * MIB;
  await reserve.look();
  expect(await size()).toBe(16 * MIB);
  free = 4 * MIB;
  await reserve.look();
  expect(await size()).toBe(0);
  expect(log.lines).toEqual([expect.stringMatching(/partition is full/)]);
  free = 100 * MIB;
  await reserve.look();
  expect(await size()).toBe(0);
  free = 200 * MIB;
  await reserve.look();
  expect(await size()).toBe(16 * MIB);
});

it("completes what a cut left half made, and does not stop the supervisor when it cannot be made", async () => {
  await using scratch = await scratchDirectory();
  await writeFile(join(scratch.path, "reserve"), "half");
  const log = recordingLog();
  await new SpaceReserve({ dataDir: scratch.path, freeBytes: async () => 1000 * MIB, log }).look();
  expect((await stat(join(scratch.path, "reserve"))).size).toBe(16 * MIB);
  await new SpaceReserve({ dataDir: join(scratch.path, "none"), freeBytes: async () => 1000 * MIB, log }).look();
  expect(log.lines).toEqual([expect.stringMatching(/cannot be kept/)]);
});
