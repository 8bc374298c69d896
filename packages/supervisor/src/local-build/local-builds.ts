import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  type BuildMessage,
  type BuildOrder,
  type ContextAnswer,
  chunkSize,
  HoldfastError,
  MAX_CONTEXT_BYTES,
  MAX_CONTEXT_ENTRIES,
  messageOf,
  refuse,
} from "@holdfast/contracts";
import * as z from "zod";
import type { Paths } from "../device/paths.ts";
import { EngineHttp } from "../engine/engine-http.ts";
import { freeBytes } from "../storage/free-bytes.ts";
import { ChunkStore } from "./chunk-store.ts";
import { ContextStore } from "./context-store.ts";
import { contextTar } from "./context-tar.ts";
import { type EngineBuilder, engineBuilder } from "./engine-builder.ts";
import { receiveChunks } from "./receive-chunks.ts";

/** What balena's own tools mark and look for (compat 6.1). */
const LABEL_IMAGE = "io.resin.local.image";
const LABEL_SERVICE = "io.resin.local.service";
/** Raised when the same order makes another image. */
const FORMAT = 1;
/** Long enough that two images of a service never meet. */
const TAG_DIGITS = 16;
/** What must stay free on the data partition for engine, supervisor and apps. */
const KEEP_FREE_BYTES = 64 * 1024 * 1024;
/** With less than this free, what former builds left in the engine's cache goes. */
const PRUNE_BELOW_BYTES = 1024 * 1024 * 1024;
/** Two projects of the largest kind. */
const STORE_LIMITS = { bytes: 2 * MAX_CONTEXT_BYTES, count: 2 * MAX_CONTEXT_ENTRIES };

export type LocalBuildParts = {
  readonly contexts: ContextStore;
  readonly chunks: ChunkStore;
  readonly engine: EngineBuilder;
  readonly freeBytes: () => Promise<number>;
};

const engineMessage = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
});

/**
 * Builds images of what a developer sends, piece by piece. Contents are kept by their digests, so that the next push sends
 * only what is new; an image's name is made of all that it depends on, so that what is unchanged is not built, and what
 * runs is not touched before a target names the new image.
 */
export class LocalBuilds {
  readonly #parts: LocalBuildParts;
  #isBuilding = false;

  constructor(parts: LocalBuildParts) {
    this.#parts = parts;
  }

  /** With its store on the data partition; nothing is read or made yet. */
  static open({ dataDir, engineSocket }: Pick<Paths, "dataDir" | "engineSocket">): LocalBuilds {
    const directory = join(dataDir, "local-build");
    return new LocalBuilds({
      contexts: new ContextStore(join(directory, "contexts")),
      chunks: new ChunkStore(join(directory, "chunks"), STORE_LIMITS),
      engine: engineBuilder(new EngineHttp(engineSocket)),
      freeBytes: () => freeBytes(dataDir),
    });
  }

  /**
   * Takes a manifest and tells which chunks are missing.
   * @throws `supervisor.invalid-context`, `storage.insufficient-space`
   */
  async announce(manifest: Readable): Promise<ContextAnswer> {
    const missing = new Map<string, number>();
    const context = await this.#parts.contexts.receive(manifest, async (entry) => {
      if (entry.type !== "file") return;
      for (const [index, digest] of entry.chunks.entries()) {
        const size = chunkSize(entry.size, index);
        if (!missing.has(digest) && !(await this.#parts.chunks.has(digest, size))) missing.set(digest, size);
      }
    });
    await this.#requireRoom([...missing.values()].reduce((sum, size) => sum + size, 0));
    return { context, missing: [...missing.keys()] };
  }

  /**
   * Takes a tar of chunks. @returns bytes of their content
   * @throws `supervisor.invalid-context`, `storage.insufficient-space`
   */
  async receive(tar: Readable): Promise<number> {
    await this.#requireRoom(0);
    try {
      return await receiveChunks(tar, this.#parts.chunks);
    } catch (error) {
      throw isFullDisk(error) ? insufficientSpace(0, error) : error;
    }
  }

  /**
   * Builds, or finds what an earlier build made; tells of each line, and at last of the image or the error. Ends early when
   * the signal fires.
   * @throws `supervisor.build-busy`
   */
  async build(order: BuildOrder, tell: (message: BuildMessage) => void, signal: AbortSignal): Promise<void> {
    if (this.#isBuilding) {
      refuse("supervisor.build-busy", {
        message: "The device is building something else.",
        hint: "Wait until it is done; a device builds one image at a time.",
      });
    }
    this.#isBuilding = true;
    try {
      tell(await this.#build(order, tell, signal));
    } catch (error) {
      const code = error instanceof HoldfastError ? error.code : "supervisor.build-failed";
      tell({ error: { code, message: messageOf(error) } });
    } finally {
      this.#isBuilding = false;
    }
  }

  async #build(order: BuildOrder, tell: (message: BuildMessage) => void, signal: AbortSignal): Promise<BuildMessage> {
    const { engine, contexts, chunks } = this.#parts;
    const { service, dockerfile, args, target, fresh } = order;
    const image = imageName(order);
    if (!fresh && (await engine.hasImage(image))) return { image, built: false };
    if ((await this.#parts.freeBytes()) < PRUNE_BELOW_BYTES) await engine.pruneCache();
    await this.#requireRoom(0);
    const context = await contextTar(contexts.entries(order.context), chunks);
    let broken: unknown;
    context.once("error", (error) => {
      broken = error;
    });
    const labels = { [LABEL_IMAGE]: "1", [LABEL_SERVICE]: service };
    const build = { tag: image, dockerfile, args, target, labels, noCache: fresh, context, signal };
    try {
      for await (const message of engine.build(build)) tellEngine(message, tell);
    } catch (error) {
      throw broken ?? error;
    } finally {
      context.destroy();
    }
    // A stream that ended early is an error that the engine does not know of.
    if (!(await engine.hasImage(image))) throw broken ?? new Error("The engine ended the build without an image");
    for (const former of await engine.namesWith(`${LABEL_SERVICE}=${service}`)) {
      if (former !== image) await engine.removeName(former);
    }
    return { image, built: true };
  }

  async #requireRoom(bytes: number): Promise<void> {
    if ((await this.#parts.freeBytes()) < bytes + KEEP_FREE_BYTES) throw insufficientSpace(bytes);
  }
}

/** The image's name is made of all that its content depends on. Pure. */
function imageName({ service, context, dockerfile, args, target }: BuildOrder): string {
  const sorted = Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const order = JSON.stringify([FORMAT, context, dockerfile, sorted, target ?? null]);
  const tag = createHash("sha256").update(order).digest("hex").slice(0, TAG_DIGITS);
  return `local_image_${service.toLowerCase()}:${tag}`;
}

function tellEngine(message: unknown, tell: (message: BuildMessage) => void): void {
  const { stream, status, error } = engineMessage.parse(message);
  for (const line of (stream ?? status ?? "").split("\n")) if (line.trim() !== "") tell({ line });
  if (error === undefined) return;
  if (isFullDisk(error)) throw insufficientSpace(0, error);
  refuse("supervisor.build-failed", { message: error });
}

function isFullDisk(error: unknown): boolean {
  return /no space left on device|ENOSPC|disk quota exceeded/i.test(messageOf(error));
}

function insufficientSpace(bytes: number, cause?: unknown): HoldfastError {
  const what = bytes > 0 ? `${bytes} bytes of files` : "a build";
  return new HoldfastError("refusal", "storage.insufficient-space", {
    message: `The data partition has no room for ${what}: ${KEEP_FREE_BYTES} bytes must stay free.`,
    hint: "Remove images and volumes that are not needed, or enlarge the data partition.",
    cause,
  });
}
