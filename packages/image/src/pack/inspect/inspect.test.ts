import { expect, test } from "vitest";
import { contentOf } from "../../tree/entry.ts";
import { openContent } from "../archive/content-reader.ts";
import { parseOsRelease } from "./inspect-image.ts";
import { peSections } from "./pe-sections.ts";
import { parseErofs, parseVerity } from "./slot-superblock.ts";

test("reads an erofs superblock and takes zeros for an empty slot", () => {
  const head = Buffer.alloc(4096);
  expect(parseErofs(head)).toBeUndefined();
  head.writeUInt32LE(0xe0f5e1e2, 1024);
  head[1024 + 12] = 12;
  head.writeBigUInt64LE(42n, 1024 + 16);
  head.writeBigUInt64LE(1_700_000_000n, 1024 + 24);
  head.writeUInt32LE(100, 1024 + 36);
  Buffer.from("000102030405060708090a0b0c0d0e0f", "hex").copy(head, 1024 + 48);
  expect(parseErofs(head)).toEqual({
    blockSize: 4096,
    size: 409_600,
    files: 42,
    builtAt: 1_700_000_000,
    uuid: "00010203-0405-0607-0809-0a0b0c0d0e0f",
    compression: [],
  });
  head.writeUInt32LE(2, 1024 + 80);
  head.writeUInt16LE(0b1000, 1024 + 84);
  expect(parseErofs(head)?.compression).toEqual(["zstd"]);
});

test("reads a verity superblock", () => {
  const head = Buffer.alloc(4096);
  expect(parseVerity(head)).toBeUndefined();
  head.write("verity\0\0", "latin1");
  head.write("sha256", 32);
  head.writeUInt32LE(4096, 64);
  head.writeBigUInt64LE(100n, 72);
  head.writeUInt16LE(2, 80);
  head.set([0xab, 0xcd], 88);
  expect(parseVerity(head)).toMatchObject({ algorithm: "sha256", dataSize: 409_600, salt: "abcd" });
});

test("finds the sections of a PE file and none in anything else", () => {
  const file = Buffer.alloc(512);
  file.write("MZ");
  file.writeUInt32LE(64, 60);
  file.write("PE\0\0", 64, "latin1");
  file.writeUInt16LE(1, 64 + 6);
  file.write(".cmdline", 64 + 24);
  file.writeUInt32LE(5, 64 + 24 + 8);
  file.writeUInt32LE(512, 64 + 24 + 16);
  file.writeUInt32LE(300, 64 + 24 + 20);
  using reader = openContent({ kind: "bytes", bytes: file });
  expect(peSections(reader)).toEqual([{ name: ".cmdline", offset: 300, size: 5 }]);
  using text = openContent(
    contentOf("MZ, but a text that happens to begin like a program, long enough to have headers"),
  );
  expect(peSections(text)).toBeUndefined();
});

test("reads os-release with and without quotes", () => {
  expect(parseOsRelease('NAME=Holdfast\nPRETTY_NAME="Holdfast \\"1\\""\n# no=comment\n')).toEqual({
    NAME: "Holdfast",
    PRETTY_NAME: 'Holdfast "1"',
  });
});
