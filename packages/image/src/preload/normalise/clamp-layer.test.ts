import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Header, pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readTarHeaders } from "../../deb/tar-headers.ts";
import { blocksOf } from "../../pack/archive/stream-contents.ts";
import { tarParts } from "../../pack/archive/tar-parts.ts";
import { contentOf } from "../../tree/entry.ts";
import { clampedLayerParts } from "./clamp-layer.ts";
import { layerMembers } from "./layer-members.ts";
import { clampShadow } from "./volatile-paths.ts";

const EPOCH = 1_790_000_000;
let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "clamp-"));
});
afterAll(() => rm(scratch, { recursive: true }));

async function layer(name: string, bytes: Uint8Array) {
  const file = join(scratch, name);
  // The layer is a range within a larger file, as in an archive.
  await writeFile(file, Buffer.concat([Buffer.alloc(512, 1), bytes, Buffer.alloc(512, 1)]));
  return { kind: "range", file, offset: 512, size: bytes.length } as const;
}

async function packed(
  entries: readonly (readonly [Partial<Header> & { readonly name: string }, string])[],
): Promise<Buffer> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry({ mtime: new Date(EPOCH * 1000 + 99_000), ...header }, text);
  tar.finalize();
  return buffer(tar);
}

async function clamp(bytes: Uint8Array, replacements: ReadonlyMap<string, Uint8Array> = new Map()) {
  const range = await layer("in", bytes);
  return Buffer.concat([...blocksOf(clampedLayerParts(range, { epoch: EPOCH, replacements }))]);
}

async function membersOf(bytes: Uint8Array) {
  const range = await layer("out", bytes);
  return [...layerMembers(range)].map((member) => ({
    path: member.path,
    flag: member.flag,
    mtime: Number.parseInt(member.header.toString("latin1", 136, 147), 8),
    records: Object.fromEntries(member.records),
    size: member.size,
  }));
}

describe("clampedLayerParts", () => {
  it("moves later times to the epoch and keeps earlier ones", async () => {
    const early = new Date(1_600_000_000_000);
    const out = await clamp(
      await packed([
        [{ name: "late" }, "x"],
        [{ name: "early", mtime: early }, "y"],
      ]),
    );
    expect((await membersOf(out)).map(({ path, mtime }) => [path, mtime])).toEqual([
      ["late", EPOCH],
      ["early", 1_600_000_000],
    ]);
  });

  it("drops logs and caches, also as hard links, but keeps whiteouts", async () => {
    const names = [
      "var/log/dpkg.log",
      "var/log/apt/term.log",
      "var/log/nginx/access.log",
      "var/cache/ldconfig/aux-cache",
      "var/log/.wh.dpkg.log",
    ];
    const bytes = await packed([
      ...names.map((name) => [{ name }, "x"] as const),
      [{ name: "copy", type: "link", linkname: "var/log/dpkg.log" }, ""],
    ]);
    expect((await membersOf(await clamp(bytes))).map(({ path }) => path)).toEqual([
      "var/log/nginx/access.log",
      "var/log/.wh.dpkg.log",
    ]);
  });

  it("keeps binary attributes and long names, and forgets sub-second times and owners' names", async () => {
    const capability = Uint8Array.from([1, 0, 0, 2, 0xff, 0x80, 0x0a, 0]);
    const long = `${"d".repeat(90)}/${"f".repeat(90)}`;
    const tree = new Map([
      ["d".repeat(90), { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const],
      [
        long,
        {
          type: "file",
          mode: 0o755,
          uid: 0,
          gid: 0,
          content: contentOf("x"),
          xattrs: { "security.capability": capability },
        } as const,
      ],
    ]);
    const plain = Buffer.concat([...blocksOf(tarParts(tree, { epoch: EPOCH + 5 }))]);
    const found = (await membersOf(await clamp(plain)))[1];
    expect(found?.path).toBe(long);
    expect(found?.mtime).toBe(EPOCH);
    expect(Uint8Array.from(found?.records["SCHILY.xattr.security.capability"] ?? [])).toEqual(capability);
    const timed = await packed([[{ name: "a", uname: "builder", pax: { mtime: "1790000099.5" } }, "x"]]);
    const out = await clamp(timed);
    expect(out.includes("builder") || out.includes("1790000099")).toBe(false);
  });

  it("replaces a file's bytes and stays a tar that others read", async () => {
    const bytes = await packed([
      [{ name: "etc/shadow" }, "a:*:30000:0:::\n"],
      [{ name: "z" }, "end"],
    ]);
    const out = await clamp(bytes, new Map([["etc/shadow", new TextEncoder().encode("b".repeat(600))]]));
    await writeFile(join(scratch, "whole"), out);
    expect(readTarHeaders(join(scratch, "whole")).map(({ path, size }) => [path, size])).toEqual([
      ["etc/shadow", 600],
      ["z", 3],
    ]);
  });

  it("changes nothing the second time", async () => {
    const once = await clamp(
      await packed([
        [{ name: "x".repeat(150) }, "y"],
        [{ name: "b", pax: { comment: "c" } }, "z"],
      ]),
    );
    expect(await clamp(once)).toEqual(once);
  });

  it("fails on a layer that is cut", async () => {
    const bytes = await packed([[{ name: "a" }, "x".repeat(2000)]]);
    await expect(clamp(bytes.subarray(0, 300))).rejects.toThrow("ends early");
  });
});

describe("clampShadow", () => {
  it("moves days after the epoch back to it", () => {
    const day = Math.floor(EPOCH / 86_400);
    expect(clampShadow(`root:*:19000:0:99999:7:::\napp:!:${day + 40}::::::\n`, EPOCH)).toBe(
      `root:*:19000:0:99999:7:::\napp:!:${day}::::::\n`,
    );
  });
});
