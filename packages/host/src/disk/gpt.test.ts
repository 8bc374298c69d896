import { crc32 as checksum } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { crc32 } from "./crc32.ts";
import { changeGpt, encodeGpt, extentOf, type Gpt, lastSectorFor, parseGpt, partitionGuid, SECTOR } from "./gpt.ts";
import { guidFromBytes, guidToBytes } from "./guid.ts";
import { readTable, writeTable } from "./update-table.ts";

const SMALL = 8192;
const LARGE = 24576;
const guid = (digit: string): string =>
  `${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}`;

function factoryTable(): Gpt {
  const entries = new Uint8Array(128 * 128);
  const view = new DataView(entries.buffer);
  for (const [index, [first, last]] of [
    [2048, 4095],
    [4096, 6143],
  ].entries()) {
    entries.set(guidToBytes(guid("a")), index * 128);
    entries.set(guidToBytes(guid(String(index + 1))), index * 128 + 16);
    view.setBigUint64(index * 128 + 32, BigInt(first ?? 0), true);
    view.setBigUint64(index * 128 + 40, BigInt(last ?? 0), true);
  }
  return { diskGuid: guid("0"), firstUsable: 34, entries };
}

/** A small image that was written to a larger disk. */
function flashedDisk(options: { cutAfter?: number } = {}): SimulatedMachine {
  const machine = simulateMachine(() => undefined, options);
  const bytes = new Uint8Array(LARGE * SECTOR);
  const image = encodeGpt(factoryTable(), SMALL);
  bytes.set(image.primary.bytes, SECTOR);
  bytes.set(image.backup.bytes, image.backup.at * SECTOR);
  machine.put("/dev/vda", bytes, "block");
  return machine;
}

const change = { diskGuid: guid("d"), partitionGuids: { 1: guid("e"), 2: guid("f") }, grow: 2 };

describe("gpt", () => {
  it("has the CRC of the standard's check value", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(20_000), (bytes, noughts) => {
        const padded = new Uint8Array(bytes.length + noughts);
        padded.set(bytes);
        expect(crc32(padded)).toBe(checksum(padded));
      }),
    );
  });

  it("stores GUIDs in the mixed byte order of the specification", () => {
    expect([...guidToBytes("00112233-4455-6677-8899-aabbccddeeff").slice(0, 8)]).toEqual([
      0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
    ]);
    fc.assert(
      fc.property(fc.uuid(), (text) => {
        expect(guidFromBytes(guidToBytes(text))).toBe(text);
      }),
    );
  });

  it("refuses a copy in which any byte that counts was changed", () => {
    const { primary } = encodeGpt(factoryTable(), SMALL);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: primary.bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          fc.pre(at < 92 || at >= SECTOR);
          const bytes = primary.bytes.slice();
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          expect(parseGpt(bytes.slice(0, SECTOR), bytes.slice(SECTOR))).toBeUndefined();
        },
      ),
    );
  });

  it("grows the last partition to the aligned end of the disk, keeps its start, and does so once", () => {
    const grown = changeGpt(factoryTable(), change, LARGE);
    expect(extentOf(grown, 2)).toEqual({ first: 4096, last: lastSectorFor(LARGE) });
    expect((lastSectorFor(LARGE) + 1) % 2048).toBe(0);
    expect(extentOf(grown, 1)).toEqual({ first: 2048, last: 4095 });
    expect(changeGpt(grown, change, LARGE)).toEqual(grown);
  });

  it("never makes the partition smaller", () => {
    expect(extentOf(changeGpt(factoryTable(), change, 6200), 2).last).toBe(6143);
  });
});

describe("writeTable", () => {
  const wanted = changeGpt(factoryTable(), change, LARGE);

  it("writes the backup and flushes it before it touches the primary", () => {
    const machine = flashedDisk();
    expect(writeTable(machine, "/dev/vda", wanted, LARGE)).toBe(true);
    expect(machine.commands).toEqual(["sync /dev/vda", "sync /dev/vda"]);
    expect(readTable(machine, "/dev/vda", LARGE)).toEqual(wanted);
    expect(writeTable(machine, "/dev/vda", wanted, LARGE)).toBe(false);
  });

  it("leaves a whole table after a cut at any step, and finishes on the next boot", () => {
    for (let cutAfter = 0; cutAfter < 5; cutAfter += 1) {
      const machine = flashedDisk({ cutAfter });
      let wasCut = false;
      try {
        writeTable(machine, "/dev/vda", wanted, LARGE);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        wasCut = true;
      }
      expect(wasCut).toBe(cutAfter < 4);
      const found = readTable(machine, "/dev/vda", LARGE);
      expect([guid("1"), guid("e")]).toContain(found === undefined ? "none" : partitionGuid(found, 1));
      const next = simulateMachine();
      next.put("/dev/vda", machine.readBytes("/dev/vda", 0, LARGE * SECTOR) ?? new Uint8Array(), "block");
      writeTable(next, "/dev/vda", changeGpt(found ?? wanted, change, LARGE), LARGE);
      expect(readTable(next, "/dev/vda", LARGE)).toEqual(wanted);
    }
  });

  it("reads the copy at the disk's end when a cut tore the first one", () => {
    const machine = flashedDisk();
    writeTable(machine, "/dev/vda", wanted, LARGE);
    machine.writeBytes("/dev/vda", 3 * SECTOR, new Uint8Array(SECTOR).fill(0xff));
    machine.writeBytes("/dev/vda", SECTOR, new Uint8Array(SECTOR).fill(0xff));
    expect(readTable(machine, "/dev/vda", LARGE)).toEqual(wanted);
  });
});
