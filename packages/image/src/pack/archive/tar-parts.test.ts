import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { extract, type Header } from "tar-stream";
import { expect, test } from "vitest";
import { contentOf, type Entry, type Tree } from "../../tree/entry.ts";
import { streamContents } from "./stream-contents.ts";
import { tarParts } from "./tar-parts.ts";

const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
const file = (text: string): Entry => ({ type: "file", mode: 0o644, uid: 0, gid: 0, content: contentOf(text) });
const epoch = 1_700_000_000;

type Read = { readonly header: Header; readonly body: string };

async function readTar(tree: Tree): Promise<Read[]> {
  const reader = extract();
  reader.end(tarBytes(tree));
  const read: Read[] = [];
  for await (const member of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of member) if (chunk instanceof Buffer) chunks.push(chunk);
    read.push({ header: member.header, body: Buffer.concat(chunks).toString() });
  }
  return read;
}

const tarBytes = (tree: Tree): Buffer =>
  Buffer.concat([...tarParts(tree, { epoch })].map((part) => ("bytes" in part ? part.bytes : new Uint8Array())));

test("writes every kind of entry with owners, modes and the one time", async () => {
  const tree: Tree = new Map<string, Entry>([
    ["", directory],
    ["dev", directory],
    ["dev/null", { type: "character", mode: 0o666, uid: 0, gid: 0, major: 1, minor: 3 }],
    ["run", { type: "fifo", mode: 0o600, uid: 3, gid: 4 }],
    ["sh", { type: "symlink", mode: 0o777, uid: 0, gid: 0, target: "usr/bin/dash" }],
    ["x", { ...file("text"), mode: 0o4755, uid: 42, gid: 3_000_000 }],
  ]);
  const read = await readTar(tree);
  expect(read.map(({ header: { name, type } }) => [name.replace(/\/$/, ""), type])).toEqual([
    [".", "directory"],
    ["dev", "directory"],
    ["dev/null", "character-device"],
    ["run", "fifo"],
    ["sh", "symlink"],
    ["x", "file"],
  ]);
  expect(read[4]?.header.linkname).toBe("usr/bin/dash");
  expect(read[5]).toMatchObject({ body: "text", header: { mode: 0o4755, uid: 42, size: 4 } });
  expect(read[5]?.header.pax).toMatchObject({ gid: "3000000" });
  expect(new Set(read.map(({ header }) => header.mtime?.getTime()))).toEqual(new Set([epoch * 1000]));
});

test("makes hard links of files that share a Content object, but not of those with other owners", async () => {
  const shared = file("shared");
  const tree: Tree = new Map([
    ["", directory],
    ["b", { ...shared }],
    ["a", shared],
    ["c", { ...shared, uid: 7 }],
  ]);
  const [, a, b, c] = await readTar(tree);
  expect([a?.header.type, b?.header.type, b?.header.linkname, c?.header.type]).toEqual(["file", "link", "a", "file"]);
  expect(c?.body).toBe("shared");
});

test("carries extended attributes, binary ones too", () => {
  const capability = Uint8Array.from([1, 0, 0, 2, 0, 0x20, 0, 0, 0x0a, 0xff]);
  const tree: Tree = new Map<string, Entry>([
    ["", directory],
    ["ping", { ...file(""), xattrs: { "security.capability": capability } }],
  ]);
  const record = Buffer.concat([Buffer.from("SCHILY.xattr.security.capability="), capability, Buffer.from("\n")]);
  const bytes = tarBytes(tree);
  const at = bytes.indexOf(record);
  expect(at).toBeGreaterThan(0);
  const length = `${record.length + 3} `;
  expect(bytes.subarray(at - length.length, at).toString()).toBe(length);
});

test("gives the same bytes whatever order the tree was made in", () => {
  const entries: [string, Entry][] = [
    ["", directory],
    ["a", directory],
    ["a-b", file("1")],
    ["a/b", file("2")],
    ["é", file("3")],
  ];
  expect(tarBytes(new Map([...entries].reverse())).equals(tarBytes(new Map(entries)))).toBe(true);
});

test("refuses an entry whose directory is missing", () => {
  expect(() =>
    tarBytes(
      new Map([
        ["", directory],
        ["a/b", file("")],
      ]),
    ),
  ).toThrow("a is missing from the tree");
});

test("keeps any name and content", async () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 240 })
    .map((text) => text.replaceAll(/[/\0.]/g, "_"));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, fc.string({ maxLength: 2000 }), { maxKeys: 8 }), async (files) => {
      const tree: Tree = new Map([
        ["", directory],
        ...Object.entries(files).map(([key, text]): [string, Entry] => [key, file(text)]),
      ]);
      const read = await readTar(tree);
      expect(Object.fromEntries(read.slice(1).map(({ header, body }) => [header.name, body]))).toEqual(files);
    }),
    { numRuns: 50 },
  );
});

test("streams ranges of files across blocks of the buffer and notices a file that is too short", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-"));
  try {
    const big = Buffer.alloc(3_000_000, "0123456789");
    await writeFile(join(folder, "big"), big);
    const range = (offset: number, size: number) => ({
      kind: "range" as const,
      file: join(folder, "big"),
      offset,
      size,
    });
    const chunks = await streamContents([contentOf("x"), range(5, 2_500_000), contentOf("y")]).toArray();
    expect(
      Buffer.concat(chunks).equals(Buffer.concat([Buffer.from("x"), big.subarray(5, 2_500_005), Buffer.from("y")])),
    ).toBe(true);
    await expect(streamContents([range(2_999_999, 2)]).toArray()).rejects.toThrow("ended 1 bytes before");
  } finally {
    await rm(folder, { recursive: true });
  }
});
