import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentOf, sizeOf, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import { archiveTree } from "./archive-tree.ts";
import { decompressFrames } from "./decompress-frames.ts";
import { digestOfBytes } from "./digest.ts";
import { type Image, makeImage } from "./image-config.ts";
import { writeLayer } from "./image-layer.ts";
import { readArchive } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

const EPOCH = 1_790_000_000;
let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "archive-"));
});
afterAll(() => rm(scratch, { recursive: true }));

const treeOf = (files: Record<string, string>): Tree =>
  new Map(
    Object.entries(files).map(([path, text]) => [
      path,
      { type: "file", mode: 0o644, uid: 0, gid: 0, content: contentOf(text) },
    ]),
  );

async function twoImages(): Promise<Image[]> {
  const base = await writeLayer(treeOf({ base: "x".repeat(5000) }), scratch, EPOCH);
  const own = await Promise.all(["one", "two"].map((name) => writeLayer(treeOf({ name }), scratch, EPOCH)));
  return own.map((layer, index) =>
    makeImage({
      architecture: "arm64",
      epoch: EPOCH,
      tags: [`test.local/app:${index}`],
      config: { Cmd: ["run"], Env: ["A=1"] },
      layers: [
        { layer: base, createdBy: "base" },
        { layer, createdBy: "own" },
      ],
    }),
  );
}

describe("image archives", () => {
  it("give back the same images, shared layers once", async () => {
    const images = await twoImages();
    const file = join(scratch, "a.tar.zst");
    await writeArchive(images, file, { epoch: EPOCH, level: 3, cache: scratch });
    await writeFile(join(scratch, "a.tar"), decompressFrames(await readFile(file)));
    const read = await readArchive(join(scratch, "a.tar"));
    expect(read.map(({ id, tags }) => ({ id, tags }))).toEqual(images.map(({ id, tags }) => ({ id, tags })));
    expect(read[0]?.config.architecture).toBe("arm64");
    for (const { layers } of read) {
      for (const { diffId, tar } of layers) expect(digestOfBytes(await readContent(tar))).toBe(diffId);
    }
    expect(read[0]?.layers[0]?.tar).toEqual(read[1]?.layers[0]?.tar);
    expect(read[0]?.layers[1]?.tar).not.toEqual(read[1]?.layers[1]?.tar);
  });

  it("are the same bytes whether compressed layers were cached or not", async () => {
    const images = await twoImages();
    const options = { epoch: EPOCH, level: 3 };
    const fresh = await writeArchive(images, join(scratch, "b"), { ...options, cache: join(scratch, "fresh") });
    const cached = await writeArchive(images, join(scratch, "c"), { ...options, cache: join(scratch, "fresh") });
    expect(cached).toEqual(fresh);
    expect(await readFile(join(scratch, "c"))).toEqual(await readFile(join(scratch, "b")));
  });

  it("are OCI layouts whose digests and sizes are right", async () => {
    const images = await twoImages();
    const tree = archiveTree(images);
    const text = async (path: string) => {
      const entry = tree.get(path);
      if (entry?.type !== "file") throw new Error(`no ${path}`);
      return Buffer.from(await readContent(entry.content)).toString();
    };
    const index = JSON.parse(await text("index.json"));
    expect(index.manifests).toHaveLength(2);
    for (const { digest, size } of index.manifests) {
      const manifest = await text(`blobs/sha256/${digest.slice(7)}`);
      expect([digestOfBytes(Buffer.from(manifest)), Buffer.byteLength(manifest)]).toEqual([digest, size]);
      for (const blob of [JSON.parse(manifest).config, ...JSON.parse(manifest).layers]) {
        const entry = tree.get(`blobs/sha256/${blob.digest.slice(7)}`);
        expect(entry?.type === "file" && sizeOf(entry.content)).toBe(blob.size);
      }
    }
  });

  it("leave no file behind when a layer is gone", async () => {
    const [image] = await twoImages();
    if (image === undefined) throw new Error("no image");
    const gone = { kind: "range", file: join(scratch, "gone"), offset: 0, size: 512 } as const;
    const broken = { ...image, layers: [{ diffId: image.id, tar: gone }] };
    await expect(
      writeArchive([broken], join(scratch, "d"), { epoch: EPOCH, level: 1, cache: scratch }),
    ).rejects.toThrow("gone");
    await expect(readFile(join(scratch, "d"))).rejects.toThrow("ENOENT");
    await expect(readFile(join(scratch, "d.part"))).rejects.toThrow("ENOENT");
  });
});

describe("makeImage", () => {
  it("depends on nothing but its description", async () => {
    const [first] = await twoImages();
    const [again] = await twoImages();
    expect(again?.id).toBe(first?.id);
    expect(JSON.parse(Buffer.from(first?.config ?? []).toString())).toMatchObject({
      created: "2026-09-21T14:13:20Z",
      os: "linux",
      history: [{ created_by: "base" }, { created_by: "own" }],
    });
  });
});
