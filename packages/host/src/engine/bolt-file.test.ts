import fc from "fast-check";
import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { isBoltUsable } from "./bolt-file.ts";
import { fnv64 } from "./fnv64.ts";
import { sweepEngine } from "./sweep-engine.ts";

const PAGES = 4;
/** A bolt file as bbolt makes a new one: two meta pages of 4096 bytes. */
function boltFile(): Uint8Array {
  const file = new Uint8Array(PAGES * 4096);
  for (const page of [0, 1]) {
    const meta = new DataView(file.buffer, page * 4096 + 16, 64);
    meta.setUint32(0, 0xed0cdaed, true);
    meta.setUint32(4, 2, true);
    meta.setUint32(8, 4096, true);
    meta.setBigUint64(40, BigInt(PAGES), true);
    meta.setBigUint64(48, BigInt(page), true);
    meta.setBigUint64(56, BigInt(`0x${fnv64(new Uint8Array(file.buffer, page * 4096 + 16, 56))}`), true);
  }
  return file;
}

it("has the test vectors of FNV-1a, and agrees with arithmetic on 64 bits", () => {
  expect(fnv64(new TextEncoder().encode("foobar"))).toBe("85944171f73967e8");
  const plain = (bytes: Uint8Array): bigint =>
    bytes.reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      expect(fnv64(bytes)).toBe(plain(bytes).toString(16).padStart(16, "0"));
    }),
  );
});

it("takes a file with one whole meta page, and an empty one", () => {
  const file = boltFile();
  expect(isBoltUsable(file, file.length)).toBe(true);
  file[20] = 0xff;
  expect(isBoltUsable(file, file.length)).toBe(true);
  expect(isBoltUsable(new Uint8Array(), 0)).toBe(true);
});

it("refuses a file without a whole meta page, and one cut short", () => {
  const file = boltFile();
  expect(isBoltUsable(file.slice(0, 8192), 8192)).toBe(false);
  file[20] = 0xff;
  file[4096 + 20] = 0xff;
  expect(isBoltUsable(file, file.length)).toBe(false);
});

it("sets a damaged cache aside and never the list of volumes", () => {
  const machine = simulateMachine();
  const broken = new Uint8Array(16384).fill(7);
  machine.put("/var/lib/docker/network/files/local-kv.db", broken);
  machine.put("/var/lib/docker/volumes/metadata.db", broken);
  machine.put("/var/lib/docker/buildkit/cache.db", boltFile());
  sweepEngine(machine);
  expect(machine.list("/var/lib/docker/network/files")).toEqual(["local-kv.db.damaged"]);
  expect(machine.list("/var/lib/docker/volumes")).toEqual(["metadata.db"]);
  expect(machine.list("/var/lib/docker/buildkit")).toEqual(["cache.db"]);
  expect(machine.lines).toHaveLength(2);
});
