import { createWriteStream } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addParents } from "../compose/merge-packages.ts";
import { archiveTree } from "../oci/archive-tree.ts";
import { BASE_IMAGE_TAG } from "../oci/base/base-image.ts";
import { encodeImage, type Image, makeImage } from "../oci/image-config.ts";
import { writeLayer } from "../oci/image-layer.ts";
import { streamContents } from "../pack/archive/stream-contents.ts";
import { tarParts } from "../pack/archive/tar-parts.ts";
import { contentOf, type Tree } from "../tree/entry.ts";
import { type BuildEngine, BuildFailed } from "./engine/build-engine.ts";
import { preloadProject } from "./preload-project.ts";

const EPOCH = 1_790_000_000;
let folder = "";
let base: Image;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "preload-"));
  for (const name of ["a", "b"]) {
    await mkdir(join(folder, "project", name), { recursive: true });
    await writeFile(join(folder, "project", name, "Dockerfile"), `FROM ${BASE_IMAGE_TAG}\nRUN ${name}\n`);
  }
  await write("docker-compose.yml", "services:\n  a: { build: ./a }\n  b: { build: ./b }\n");
  const layer = await writeLayer(tree({ base: "base" }), folder, EPOCH);
  const layers = [{ layer, createdBy: "base" }];
  base = makeImage({ architecture: "amd64", epoch: EPOCH, tags: [BASE_IMAGE_TAG], config: {}, layers });
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(folder, "project", name), text);
function tree(files: Record<string, string>): Tree {
  const made: Tree = new Map();
  for (const [path, text] of Object.entries(files)) {
    made.set(path, { type: "file", mode: 0o644, uid: 0, gid: 0, content: contentOf(text) });
  }
  addParents(made);
  return made;
}

/** An engine whose builds add a layer that tells the time; each image is saved as the real one saves it. */
class FakeEngine implements BuildEngine, AsyncDisposable {
  readonly architecture: string = "amd64";
  readonly log: string[] = [];
  now = EPOCH + 1000;
  readonly images = new Map<string, Image>();
  failing = "";
  readonly load = async (archive: string) => {
    await copyFile(archive, join(folder, "loaded"));
    this.log.push("load");
  };
  readonly find = async (reference: string) => {
    return reference === BASE_IMAGE_TAG && this.log.includes("load") ? base.id : undefined;
  };
  readonly build: BuildEngine["build"] = async ({ context }) => {
    const name = `build ${this.images.size}`;
    this.log.push("build");
    if (this.failing !== "") throw new BuildFailed(this.failing, ["RUN false"]);
    const layer = await writeLayer(
      tree({ context: String(context.length), "var/log/dpkg.log": `${this.now}` }),
      folder,
      this.now,
    );
    const layers = [...base.layers, layer];
    const image = encodeImage([], layers, {
      architecture: "amd64",
      config: { Hostname: name, Cmd: ["run"] },
      container: name,
      created: new Date(this.now * 1000).toISOString(),
      history: [{ created: "then" }, { created: "now", created_by: "RUN x" }],
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    });
    this.images.set(image.id, image);
    return image.id;
  };
  readonly pull = async () => {
    throw new Error("no route");
  };
  readonly save = async (ids: readonly string[], file: string) => {
    const images = ids.flatMap((id) => this.images.get(id) ?? []);
    await pipeline(streamContents(tarParts(archiveTree(images), { epoch: this.now })), createWriteStream(file));
  };
  async [Symbol.asyncDispose]() {
    this.log.push("dispose");
  }
}

function preload(engine: FakeEngine, cache: string) {
  const openEngine = async () => engine;
  const directory = join(folder, "project");
  return preloadProject({
    directory,
    architecture: "amd64",
    base,
    epoch: EPOCH,
    cache: join(folder, cache),
    openEngine,
  });
}

describe("preloadProject", () => {
  it("gives the same references and apps.json whenever it is built", async () => {
    const today = await preload(new FakeEngine(), "one");
    const later = new FakeEngine();
    later.now += 86_400 * 30;
    const again = await preload(later, "two");
    expect(again.appsJson).toBe(today.appsJson);
    expect(again.images).toEqual(today.images);
    expect([...today.tree.keys()]).toEqual(["", "apps.json", "preload", "preload/images.tar.zst"]);
  });

  it("starts no engine when nothing changed, and builds only the service that did", async () => {
    const first = new FakeEngine();
    await preload(first, "cache");
    expect(first.log).toEqual(["load", "build", "build", "dispose"]);
    const second = new FakeEngine();
    await preload(second, "cache");
    expect(second.log).toEqual([]);
    await write("b/new", "file");
    const third = new FakeEngine();
    await preload(third, "cache");
    expect(third.log).toEqual(["load", "build", "dispose"]);
  });

  it("names the service whose build failed, ends the engine and keeps nothing half-made", async () => {
    const engine = new FakeEngine();
    engine.failing = "returned a non-zero code: 100";
    await expect(preload(engine, "cache")).rejects.toMatchObject({
      code: "image.build-failed",
      message: expect.stringMatching(/service "a".*code: 100.*RUN false/s),
    });
    expect(engine.log.at(-1)).toBe("dispose");
    expect(await readdir(join(folder, "cache/stages/service-image"))).toEqual([]);
  });

  it("tells a full disk from a wrong Dockerfile", async () => {
    const engine = new FakeEngine();
    engine.failing = "write /var/lib/x: no space left on device";
    await expect(preload(engine, "cache")).rejects.toMatchObject({ code: "image.disk-full" });
  });

  it("refuses an engine of another architecture before building", async () => {
    class Foreign extends FakeEngine {
      override readonly architecture = "arm64";
    }
    const engine = new Foreign();
    await expect(preload(engine, "cache")).rejects.toMatchObject({ code: "image.foreign-architecture" });
    expect(engine.log).not.toContain("build");
  });

  it("says which image cannot be had", async () => {
    await write("docker-compose.yml", "services:\n  a: { image: registry.test/x }\n");
    await expect(preload(new FakeEngine(), "cache")).rejects.toMatchObject({
      code: "image.unavailable-image",
      message: expect.stringContaining("registry.test/x"),
    });
  });

  it("names the missing Dockerfile or compose file", async () => {
    await rm(join(folder, "project/b/Dockerfile"));
    await expect(preload(new FakeEngine(), "cache")).rejects.toThrow('Service "b" has no Dockerfile');
    await rm(join(folder, "project/docker-compose.yml"));
    await expect(preload(new FakeEngine(), "cache")).rejects.toMatchObject({ code: "image.invalid-compose" });
  });
});
