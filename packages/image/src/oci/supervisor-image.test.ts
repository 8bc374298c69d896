import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentOf, type Entry } from "../tree/entry.ts";
import { decompressFrames } from "./decompress-frames.ts";
import { readArchive } from "./read-archive.ts";
import { type SupervisorImageInput, writeSupervisorImage } from "./supervisor-image.ts";

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "supervisor-image-"));
  await writeFile(join(scratch, "node"), "the node program");
});
afterAll(() => rm(scratch, { recursive: true }));

const file = (text: string): Entry => ({ type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
const link = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });
const LIB = "usr/lib/aarch64-linux-gnu";
const libraries = ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"].map((name) => ({
  path: `${LIB}/${name}`,
  entry: file(name),
}));

function input(overrides: Partial<SupervisorImageInput> = {}): SupervisorImageInput {
  return {
    architecture: "arm64",
    bundle: { "supervisor.js": new TextEncoder().encode("run()"), "package.json": new TextEncoder().encode("{}") },
    start: { environment: { NODE_ENV: "production" }, flags: ["--max-semi-space-size=1"] },
    version: "1.2.3",
    node: join(scratch, "node"),
    nodeSize: 16,
    packages: [
      {
        name: "libc6",
        entries: [
          ...libraries,
          { path: `${LIB}/libmemusage.so`, entry: file("debugging") },
          { path: `${LIB}/gconv/UTF-16.so`, entry: file("charset") },
          { path: "usr/lib/ld-linux-aarch64.so.1", entry: link("aarch64-linux-gnu/ld-linux-aarch64.so.1") },
          { path: `${LIB}/ld-linux-aarch64.so.1`, entry: file("loader") },
          { path: "usr/share/doc/libc6/copyright", entry: file("text") },
        ],
      },
      { name: "libgcc-s1", entries: [{ path: `${LIB}/libgcc_s.so.1`, entry: file("gcc") }] },
      {
        name: "libstdc++6",
        entries: [
          { path: `${LIB}/libstdc++.so.6`, entry: link("libstdc++.so.6.0.33") },
          { path: `${LIB}/libstdc++.so.6.0.33`, entry: file("c++") },
        ],
      },
      {
        name: "coreutils",
        entries: [
          { path: "usr/bin/cat", entry: file("cat") },
          { path: "usr/bin/cp", entry: file("cp") },
        ],
      },
    ],
    epoch: 1_790_000_000,
    cache: scratch,
    ...overrides,
  };
}

describe("writeSupervisorImage", () => {
  it("holds node, what it is linked with, and the bundle; the manifest tells their hashes", async () => {
    const archive = join(scratch, "s.tar.zst");
    const manifest = await writeSupervisorImage(input(), archive);
    expect(manifest).toMatchObject({ image: "holdfast/supervisor:1.2.3", version: "1.2.3" });
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(manifest.files).toMatchObject({
      "/usr/bin/node": hash("the node program"),
      "/usr/src/app/supervisor.js": hash("run()"),
      "/usr/bin/cat": hash("cat"),
      [`/${LIB}/ld-linux-aarch64.so.1`]: hash("loader"),
    });
    expect(Object.keys(manifest.files).filter((path) => /memusage|gconv|doc|cp$/.test(path))).toEqual([]);
    await writeFile(join(scratch, "s.tar"), decompressFrames(await readFile(archive)));
    const [image] = await readArchive(join(scratch, "s.tar"));
    expect(image?.id).toBe(manifest.id);
    expect(image?.layers.map(({ diffId }) => diffId)).toEqual(manifest.diffIds);
    expect(image?.config.config).toMatchObject({ WorkingDir: "/usr/src/app" });
    expect((await stat(archive)).size).toBeGreaterThan(500);
  });

  it("keeps the runtime's layer from release to release", async () => {
    const before = await writeSupervisorImage(input(), join(scratch, "5"));
    const after = await writeSupervisorImage(input({ epoch: 1_800_000_000, version: "2.0.0" }), join(scratch, "6"));
    expect(after.diffIds[0]).toBe(before.diffIds[0]);
    expect(after.id).not.toBe(before.id);
  });

  it("changes only the upper layer with the bundle", async () => {
    const before = await writeSupervisorImage(input(), join(scratch, "1"));
    const bundle = { ...input().bundle, "supervisor.js": new TextEncoder().encode("other()") };
    const after = await writeSupervisorImage(input({ bundle }), join(scratch, "2"));
    expect(after.diffIds[0]).toBe(before.diffIds[0]);
    expect(after.diffIds[1]).not.toBe(before.diffIds[1]);
  });

  it("fails at build time when a library is missing or the bundle is not whole", async () => {
    const without = input({ packages: input().packages.filter(({ name }) => name !== "libgcc-s1") });
    await expect(writeSupervisorImage(without, join(scratch, "3"))).rejects.toThrow("libgcc_s.so.1");
    const half = input({ bundle: { "supervisor.js": new Uint8Array() } });
    await expect(writeSupervisorImage(half, join(scratch, "4"))).rejects.toThrow("package.json");
    await expect(stat(join(scratch, "3"))).rejects.toThrow("ENOENT");
  });
});
