import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImageTools } from "../image-tools.ts";
import { type OutputsOptions, writeOutputs } from "./write-outputs.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-"));
});
afterEach(() => rm(folder, { recursive: true }));

const IMAGE_SIZE = 8 * 2 ** 20;

/** Stands in for zstd. */
const compressing = (compress: (output: string) => Promise<void>): ImageTools => ({
  run: async (argv) => {
    await compress(argv.at(-1) ?? "");
    return { stdout: "", stderr: "" };
  },
});

async function options(tools: ImageTools): Promise<OutputsOptions> {
  const image = join(folder, "disk.img");
  await writeFile(image, "image");
  await truncate(image, IMAGE_SIZE);
  await writeFile(join(folder, "lock"), "{}\n");
  await mkdir(join(folder, "out"));
  return {
    disk: { file: image, size: IMAGE_SIZE, partitions: [] },
    name: "holdfast-x",
    directory: join(folder, "out"),
    locks: { "lock.json": join(folder, "lock") },
    sbom: { packages: [] },
    tools,
    manifest: {
      board: "x",
      arch: "amd64",
      deviceType: "x",
      variant: "development",
      version: "1.0.0",
      epoch: 1,
      kernel: { version: "6", cmdline: "quiet" },
      slot: { rootHash: "a".repeat(64), hashOffset: 0, size: 0, salt: "00", verityUuid: "", compression: "none" },
      initrd: { size: 0, unpackedSize: 0 },
      uki: { size: 0, path: "" },
    },
  };
}

test("writes every file under the image's name, and a manifest with the digests of all others", async () => {
  const { paths, manifest } = await writeOutputs(
    await options(compressing((output) => writeFile(output, "compressed"))),
  );
  const names = (await readdir(join(folder, "out"))).sort();
  expect(names).toEqual(
    ["bmap", "cdx.json", "img.zst", "lock.json", "manifest.json", "spdx.json"].map((end) => `holdfast-x.${end}`),
  );
  expect(paths.map((path) => path.slice(folder.length + 5)).sort()).toEqual(names);
  expect(manifest.files.find(({ name }) => name.endsWith(".img.zst"))).toEqual({
    name: "holdfast-x.img.zst",
    size: 10,
    sha256: createHash("sha256").update("compressed").digest("hex"),
  });
  expect(JSON.parse(await readFile(join(folder, "out/holdfast-x.manifest.json"), "utf8"))).toEqual(manifest);
});

test("leaves nothing when one of the files fails", async () => {
  const failing = compressing(() => Promise.reject(new Error("zstd: No space left on device")));
  await expect(writeOutputs(await options(failing))).rejects.toMatchObject({ code: "image.disk-full" });
  expect(await readdir(join(folder, "out"))).toEqual([]);
});

test("leaves nothing when it is aborted before the files get their names", async () => {
  const abort = new AbortController();
  const aborting = compressing(async (output) => {
    await writeFile(output, "compressed");
    abort.abort(new Error("Ctrl-C"));
  });
  await expect(writeOutputs({ ...(await options(aborting)), signal: abort.signal })).rejects.toThrow("Ctrl-C");
  expect(await readdir(join(folder, "out"))).toEqual([]);
});
