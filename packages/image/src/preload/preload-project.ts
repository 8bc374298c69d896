import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Architecture, type Progress, silentProgress } from "@holdfast/contracts";
import { stage } from "../cache/stage.ts";
import { BASE_IMAGE_TAG } from "../oci/base/base-image.ts";
import type { Image } from "../oci/image-config.ts";
import { writeArchive } from "../oci/write-archive.ts";
import { contentOf, type Entry, sizeOf, type Tree } from "../tree/entry.ts";
import type { BuildEngine } from "./engine/build-engine.ts";
import { appsDocument, imageReference } from "./project/apps-document.ts";
import { readComposeProject } from "./project/read-project.ts";
import { serviceImage } from "./service-image.ts";

/** The archive is read once, by the first boot, and deleted: quick to make and still half the size. */
const LEVEL = 9;

export type PreloadInput = {
  /** Of the compose project. */
  readonly directory: string;
  readonly architecture: Architecture;
  readonly base: Image;
  /** Seconds since 1970; no time in the preload is later. */
  readonly epoch: number;
  readonly cache: string;
  /** Starts or connects to an engine; called at most once, and only when the cache lacks an image. */
  readonly openEngine: () => Promise<BuildEngine & AsyncDisposable>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

export type PreloadedImage = {
  readonly service: string;
  readonly reference: string;
  readonly id: string;
  /** Bytes of all its layers, unpacked. */
  readonly size: number;
};

export type Preload = {
  /** For the data partition: apps.json and preload/images.tar.zst. */
  readonly tree: Tree;
  readonly appsJson: string;
  readonly images: readonly PreloadedImage[];
  /** What of the project is ignored. */
  readonly warnings: readonly string[];
};

/**
 * Makes what a device needs to run a compose project without a network: its images in one archive, shared layers once,
 * and the apps.json that names them. The same project, base and packages give the same bytes.
 * @throws `image.invalid-compose`, `image.engine-failed`, and what `serviceImage` throws
 */
export async function preloadProject(input: PreloadInput): Promise<Preload> {
  const { directory, architecture, base, epoch, cache, signal, progress = silentProgress } = input;
  const project = await readComposeProject(directory);
  const step = progress.start(`build images of ${project.name}`, "items");
  await using engine = lazyEngine(input);
  const images: (Image & { readonly service: string; readonly reference: string })[] = [];
  try {
    for (const service of project.services) {
      signal?.throwIfAborted();
      const note = (line: string) => step.update(images.length, project.services.length, `${service.name}: ${line}`);
      note("");
      const common = { directory, service, architecture, base, epoch, cache, engine: engine.get, onLine: note };
      const image = await serviceImage(signal === undefined ? common : { ...common, signal });
      const reference = imageReference(project.name, service.name, image.id);
      images.push({ ...image, tags: [reference], service: service.name, reference });
    }
  } finally {
    step.end(images.map(({ service }) => service).join(", "));
  }
  const archive = await archiveOf(images, input);
  const appsJson = `${JSON.stringify(appsDocument(project, images), null, 2)}\n`;
  return {
    tree: dataTree(appsJson, archive, (await stat(archive)).size),
    appsJson,
    images: images.map(({ service, reference, id, layers }) => {
      return { service, reference, id, size: layers.reduce((sum, { tar }) => sum + sizeOf(tar), 0) };
    }),
    warnings: project.warnings,
  };
}

async function archiveOf(images: readonly Image[], { epoch, cache, progress = silentProgress }: PreloadInput) {
  const step = progress.start("compress images", "bytes");
  try {
    const inputs = { epoch, level: LEVEL, images: images.map(({ id, tags }) => ({ id, tags })) };
    const folder = await stage({ cache, name: "preload-archive", inputs }, async (target) => {
      const onProgress = (done: number, total: number) => step.update(done, total);
      await writeArchive(images, join(target, "images.tar.zst"), { epoch, level: LEVEL, cache, onProgress });
    });
    return join(folder, "images.tar.zst");
  } finally {
    step.end();
  }
}

function dataTree(appsJson: string, archive: string, size: number): Tree {
  const directory: Entry = { type: "directory", mode: 0o755, uid: 0, gid: 0 };
  const file = { type: "file", mode: 0o644, uid: 0, gid: 0 } as const;
  return new Map<string, Entry>([
    ["", directory],
    ["apps.json", { ...file, content: contentOf(appsJson) }],
    ["preload", directory],
    ["preload/images.tar.zst", { ...file, content: { kind: "range", file: archive, offset: 0, size } }],
  ]);
}

type LazyEngine = AsyncDisposable & { readonly get: () => Promise<BuildEngine> };

/** Opens the engine when it is first needed, with the base image in it. */
function lazyEngine({ openEngine, base, epoch, cache }: PreloadInput): LazyEngine {
  let opened: (BuildEngine & AsyncDisposable) | undefined;
  return {
    get: async () => {
      if (opened !== undefined) return opened;
      opened = await openEngine();
      if ((await opened.find(BASE_IMAGE_TAG)) !== base.id) await loadBase(opened, base, epoch, cache);
      return opened;
    },
    [Symbol.asyncDispose]: async () => {
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

async function loadBase(engine: BuildEngine, base: Image, epoch: number, cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "base-image-"));
  try {
    const archive = join(scratch, "base.tar.zst");
    await writeArchive([base], archive, { epoch, level: 3, cache });
    await engine.load(archive);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
