import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/contracts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Entry, sizeOf, type Tree } from "../../tree/entry.ts";
import type { ImageTools } from "../image-tools.ts";
import { makeSlot } from "./make-slot.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-"));
});
afterEach(() => rm(folder, { recursive: true }));

const file = (size: number): Entry => ({
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  content: { kind: "bytes", bytes: new Uint8Array(size) },
});
const tree: Tree = new Map([
  ["", { type: "directory", mode: 0o755, uid: 0, gid: 0 }],
  ["large", file(90_000)],
  ["small", file(10)],
]);

/** Stands in for mkfs.erofs and veritysetup: as many bytes as the tree has, and a hash tree of one block. */
const standIn = (commands: (readonly string[])[]): ImageTools => ({
  run: async (argv) => {
    commands.push(argv);
    const target = argv.at(-1) ?? "";
    if (argv[0] === "mkfs.erofs")
      await writeFile(
        target,
        Buffer.alloc(
          [...tree.values()].reduce((sum, entry) => sum + ("content" in entry ? sizeOf(entry.content) : 0), 0),
        ),
      );
    else await appendFile(target, Buffer.alloc(4096));
    return { stdout: `Root hash:      \t${"ab".repeat(32)}\n`, stderr: "" };
  },
});

const options = (commands: (readonly string[])[], partitionSize: number) => ({
  tree,
  epoch: 5,
  compression: "none" as const,
  tools: standIn(commands),
  output: join(folder, "slot.img"),
  partitionSize,
});

test("pads the filesystem to a block and puts the hash tree behind it, with identifiers from the content", async () => {
  const commands: (readonly string[])[] = [];
  const first = await makeSlot(options(commands, 1_000_000));
  const second = await makeSlot(options([], 1_000_000));
  expect(first).toEqual(second);
  expect(first).toMatchObject({ hashOffset: 90_112, size: 94_208, rootHash: "ab".repeat(32) });
  expect(commands[1]).toContain("--hash-offset=90112");
  expect(commands[1]).toContain("--data-blocks=22");
  expect(await readdir(folder)).toEqual(["slot.img"]);
});

test("refuses a slot above three quarters of its partition, names what is large and leaves nothing", async () => {
  const failure = await makeSlot(options([], 120_000)).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(HoldfastError);
  expect(failure).toMatchObject({
    code: "image.slot-too-large",
    hint: expect.stringContaining("/large 0.1 MiB, /small"),
  });
  expect(await readdir(folder)).toEqual([]);
});
