import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseGpt } from "./gpt.ts";

type Partition = { readonly label: string; readonly first: number; readonly sectors: number };

/** Writes a primary table the way the UEFI specification says, independently of the parser. */
function tinyGpt(partitions: readonly Partition[]): Buffer {
  const head = Buffer.alloc(34 * 512);
  for (const [index, { label, first, sectors }] of partitions.entries()) {
    const at = 1024 + index * 128;
    head.fill(0x11, at, at + 16);
    Buffer.from("00112233445566778899aabbccddeeff", "hex").copy(head, at + 16);
    head.writeBigUInt64LE(BigInt(first), at + 32);
    head.writeBigUInt64LE(BigInt(first + sectors - 1), at + 40);
    head.write(label, at + 56, 72, "utf16le");
  }
  head.write("EFI PART", 512, "latin1");
  head.writeUInt32LE(92, 512 + 12);
  head.writeBigUInt64LE(99_999n, 512 + 32);
  head.writeBigUInt64LE(2n, 512 + 72);
  head.writeUInt32LE(128, 512 + 80);
  head.writeUInt32LE(128, 512 + 84);
  head.writeUInt32LE(crc32(head.subarray(1024)), 512 + 88);
  head.writeUInt32LE(crc32(head.subarray(512, 512 + 92)), 512 + 16);
  return head;
}

test("reads labels, positions and identifiers", () => {
  expect(parseGpt(tinyGpt([{ label: "resin-boot", first: 2048, sectors: 4096 }]))).toEqual({
    diskUuid: "00000000-0000-0000-0000-000000000000",
    sectorSize: 512,
    diskSize: 100_000 * 512,
    partitions: [
      {
        number: 1,
        label: "resin-boot",
        typeUuid: "11111111-1111-1111-1111-111111111111",
        uuid: "33221100-5544-7766-8899-aabbccddeeff",
        offset: 2048 * 512,
        size: 4096 * 512,
      },
    ],
  });
});

test("takes a table with one flipped bit, or a short one, for none", () => {
  const whole = tinyGpt([{ label: "a", first: 40, sectors: 1 }]);
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 512, max: 512 + 91 }), fc.integer({ min: 1024, max: 34 * 512 - 1 })),
      fc.nat(7),
      (at, bit) => {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        expect(parseGpt(damaged)).toBeUndefined();
      },
    ),
  );
  expect(parseGpt(whole.subarray(0, 5000))).toBeUndefined();
});

test("keeps every partition's place", () => {
  const partition = fc.record({
    label: fc.string({ minLength: 1, maxLength: 36 }).map((text) => text.replaceAll("\0", "_")),
    first: fc.nat(1e9),
    sectors: fc.integer({ min: 1, max: 1e9 }),
  });
  fc.assert(
    fc.property(fc.array(partition, { maxLength: 128 }), (partitions) => {
      const read = parseGpt(tinyGpt(partitions))?.partitions.map(({ label, offset, size }) => ({
        label,
        offset,
        size,
      }));
      expect(read).toEqual(
        partitions.map(({ label, first, sectors }) => ({ label, offset: first * 512, size: sectors * 512 })),
      );
    }),
    { numRuns: 30 },
  );
});
