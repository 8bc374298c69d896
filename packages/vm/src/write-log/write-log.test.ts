import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRY_BYTES, encodeSuperblock, type WriteLogEntry } from "./entry.ts";
import { planReplay } from "./plan-replay.ts";
import { readWriteLog } from "./read-write-log.ts";
import { applyReplay } from "./replay.ts";

const SECTOR = 512;
const DISK_SECTORS = 32;

/** One thing that a test does to its disk; sectors count in units of 512 bytes. */
type Action =
  | { kind: "write"; sector: number; sectors: number; fill: number; fua: boolean }
  | { kind: "discard"; sector: number; sectors: number }
  | { kind: "flush" }
  | { kind: "mark"; name: string };

function entryBytes(sector: number, sectors: number, flags: number, data: number, body: Buffer): Buffer {
  const head = Buffer.alloc(SECTOR);
  for (const [index, value] of [sector, sectors, flags, data].entries())
    head.writeBigUInt64LE(BigInt(value), index * 8);
  if (data > 0) body.copy(head, ENTRY_BYTES);
  return data > 0 ? head : Buffer.concat([head, body]);
}

function encode(action: Action): Buffer {
  switch (action.kind) {
    case "write":
      return entryBytes(
        action.sector,
        action.sectors,
        action.fua ? 2 : 0,
        0,
        Buffer.alloc(action.sectors * SECTOR, action.fill),
      );
    case "discard":
      return entryBytes(action.sector, action.sectors, 4, 0, Buffer.alloc(0));
    case "flush":
      return entryBytes(0, 0, 1, 0, Buffer.alloc(0));
    case "mark":
      return entryBytes(0, 0, 8, Buffer.byteLength(action.name), Buffer.from(action.name));
  }
}

function logOf(actions: readonly Action[], counted = actions.length): Buffer {
  const superblock = encodeSuperblock({ sectorSize: SECTOR, entries: counted });
  return Buffer.concat([superblock, ...actions.map(encode)]);
}

/** What the disk holds after the actions, by the plainest means. */
function model(actions: readonly Action[]): Buffer {
  const disk = Buffer.alloc(DISK_SECTORS * SECTOR);
  for (const action of actions) {
    if (action.kind !== "write" && action.kind !== "discard") continue;
    disk.fill(
      action.kind === "write" ? action.fill : 0,
      action.sector * SECTOR,
      (action.sector + action.sectors) * SECTOR,
    );
  }
  return disk;
}

const place = fc.record({ sector: fc.nat(DISK_SECTORS - 8), sectors: fc.integer({ min: 1, max: 8 }) });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(place, fc.integer({ min: 1, max: 255 }), fc.boolean())
      .map(([at, fill, fua]) => ({ kind: "write" as const, ...at, fill, fua })),
  },
  { weight: 1, arbitrary: place.map((at) => ({ kind: "discard" as const, ...at })) },
  { weight: 2, arbitrary: fc.constant({ kind: "flush" as const }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map((name) => ({ kind: "mark" as const, name })) },
);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "holdfast-log-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function read(log: Buffer): Promise<WriteLogEntry[]> {
  const path = join(directory, "log");
  await writeFile(path, log);
  const entries: WriteLogEntry[] = [];
  for await (const entry of readWriteLog(path)) entries.push(entry);
  return entries;
}

async function diskAfter(actions: readonly Action[], upToEntry: number, seed?: number): Promise<Buffer> {
  const entries = await read(logOf(actions));
  const steps = planReplay(entries, { upToEntry, ...(seed === undefined ? {} : { dropUnflushedRandomly: { seed } }) });
  const image = join(directory, "image");
  await writeFile(image, Buffer.alloc(DISK_SECTORS * SECTOR));
  await applyReplay(join(directory, "log"), steps, image);
  return readFile(image);
}

const write = (sector: number, fill: number, fua = false): Action => ({ kind: "write", sector, sectors: 1, fill, fua });

describe("readWriteLog", () => {
  it("gives every entry with its place, flags and name", async () => {
    const entries = await read(
      logOf([
        write(3, 7, true),
        { kind: "flush" },
        { kind: "discard", sector: 8, sectors: 4 },
        { kind: "mark", name: "synced" },
      ]),
    );
    expect(entries).toMatchObject([
      { index: 0, offset: 3 * SECTOR, length: SECTOR, fua: true, flush: false, dataAt: 2 * SECTOR },
      { index: 1, length: 0, flush: true, dataAt: undefined },
      { index: 2, offset: 8 * SECTOR, length: 4 * SECTOR, discard: true, dataAt: undefined },
      { index: 3, length: 0, mark: "synced" },
    ]);
  });

  it("goes on after the superblock's count, which a killed QEMU did not renew", async () => {
    const log = logOf([write(1, 1), write(2, 2)], 0);
    expect(await read(log)).toHaveLength(2);
    expect(await read(Buffer.concat([log, Buffer.alloc(4096)]))).toHaveLength(2);
    expect(await read(log.subarray(0, log.length - 1))).toHaveLength(1);
  });

  it("refuses a log that lost entries, and what is no log", async () => {
    await expect(read(logOf([write(1, 1)], 2))).rejects.toMatchObject({
      code: "vm.invalid-write-log",
      message: expect.stringContaining("ends after 1 of 2 entries"),
    });
    await expect(read(Buffer.alloc(4096))).rejects.toMatchObject({ message: expect.stringContaining("is not a log") });
    await expect(read(Buffer.alloc(0))).rejects.toMatchObject({ code: "vm.invalid-write-log" });
  });
});

describe("replay", () => {
  it("makes the disk as it was after any number of entries", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), fc.nat(30), async (actions, upToEntry) => {
        const disk = await diskAfter(actions, upToEntry);
        expect(disk.equals(model(actions.slice(0, upToEntry)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("never loses what a flush or forced unit access secured, and never invents bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), fc.nat(30), fc.nat(), async (actions, upToEntry, seed) => {
        const seen = actions.slice(0, upToEntry);
        const flushed = seen.findLastIndex(({ kind }) => kind === "flush");
        const disk = await diskAfter(actions, upToEntry, seed);
        for (let sector = 0; sector < DISK_SECTORS; sector++) {
          expect(possible(seen, Math.max(flushed, 0), sector)).toContain(disk[sector * SECTOR]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("does lose unflushed writes, differently by seed and the same for the same seed", async () => {
    const actions = [
      write(0, 1),
      { kind: "flush" } as const,
      ...Array.from({ length: 20 }, (_, index) => write(index, 9)),
    ];
    const [one, again, two] = [
      await diskAfter(actions, 22, 1),
      await diskAfter(actions, 22, 1),
      await diskAfter(actions, 22, 2),
    ];
    expect(one.equals(again)).toBe(true);
    expect(one.equals(two)).toBe(false);
    expect(one.equals(model(actions))).toBe(false);
  });

  it("tears a long write at sectors only", async () => {
    const long: Action = { kind: "write", sector: 0, sectors: DISK_SECTORS, fill: 5, fua: false };
    const torn = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const disk = await diskAfter([long], 1, seed);
      const sectors = Array.from({ length: DISK_SECTORS }, (_, index) =>
        disk.subarray(index * SECTOR, (index + 1) * SECTOR),
      );
      expect(sectors.every((sector) => sector.every((byte) => byte === sector[0]))).toBe(true);
      torn.add(sectors.map((sector) => sector[0]).join(""));
    }
    expect(torn.size).toBeGreaterThan(3);
  });
});

/** The values that a sector may have: that of the last secured write to it, or of any later one. */
function possible(seen: readonly Action[], secured: number, sector: number): number[] {
  let values = [0];
  for (const [position, action] of seen.entries()) {
    if (action.kind !== "write" && action.kind !== "discard") continue;
    if (sector < action.sector || sector >= action.sector + action.sectors) continue;
    const value = action.kind === "write" ? action.fill : 0;
    const sure = position < secured || (action.kind === "write" && action.fua);
    values = sure ? [value] : [...values, value];
  }
  return values;
}
