import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Architecture, messageOf, refuse, worldError } from "@holdfast/contracts";
import { z } from "zod";
import { stage } from "../cache/stage.ts";
import { type Digest, hexOf, isDigest } from "../oci/digest.ts";
import type { Image } from "../oci/image-config.ts";
import type { ImageLayer } from "../oci/image-layer.ts";
import { readArchive } from "../oci/read-archive.ts";
import { type BuildEngine, BuildFailed } from "./engine/build-engine.ts";
import { normaliseImage } from "./normalise/normalise-image.ts";
import { buildContext } from "./project/build-context.ts";
import type { ProjectService, ServiceBuild } from "./project/compose-project.ts";

/** Raised with every change of what this code makes of the same inputs. */
const FORMAT = 2;

export type ServiceImageInput = {
  /** The project's directory. */
  readonly directory: string;
  readonly service: ProjectService;
  readonly architecture: Architecture;
  readonly base: Image;
  readonly epoch: number;
  readonly cache: string;
  /** Gives the engine, with the base image loaded; called only when something is to be built. */
  readonly engine: () => Promise<BuildEngine>;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
};

/**
 * The image of a service, built from its Dockerfile or pulled, without traces of when and where. Kept in the cache for the
 * same context, base, architecture and epoch.
 * @throws `image.build-failed`, `image.unavailable-image`, `image.foreign-architecture`
 */
export async function serviceImage(input: ServiceImageInput): Promise<Image> {
  const { directory, service, architecture, base, epoch, cache } = input;
  const { source } = service;
  const context =
    "build" in source
      ? await buildContext(join(directory, source.build.context), source.build.dockerfile, epoch)
      : undefined;
  // Not the directory's place: services with the same files share an image.
  const { context: _, ...how } = "build" in source ? source.build : { context: undefined, ...source };
  const inputs = { format: FORMAT, architecture, epoch, base: base.id, how, context: context?.hash };
  const known = new Map<string, ImageLayer>(base.layers.map((layer) => [layer.diffId, layer]));
  const folder = await stage({ cache, name: "service-image", inputs }, async (target) => {
    const engine = await input.engine();
    if (engine.architecture !== architecture) refuseArchitecture(service.name, architecture, engine.architecture);
    const id =
      "image" in source ? await obtain(engine, service.name, source.image) : await build(engine, input, source.build);
    const saved = join(target, "saved.tar");
    await engine.save([id], saved);
    const [image] = await readArchive(saved);
    if (image === undefined) throw new Error(`the engine saved nothing for ${service.name}`);
    const made = await normaliseImage(image, { epoch, known, folder: target });
    await rm(saved);
    await writeFile(join(target, "config.json"), made.config);
    await writeFile(
      join(target, "image.json"),
      JSON.stringify({ id: made.id, layers: made.layers.map(({ diffId }) => ({ diffId })) }),
    );
  });
  return storedImage(folder, known);

  async function build(engine: BuildEngine, { onLine, signal }: ServiceImageInput, what: ServiceBuild) {
    const { dockerfile, args, target } = what;
    try {
      return await engine.build({
        context: context?.parts ?? [],
        dockerfile,
        args,
        onLine,
        ...(target === undefined ? {} : { target }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw buildFailure(service.name, cause);
    }
  }
}

function buildFailure(service: string, cause: unknown): Error {
  const lines = cause instanceof BuildFailed ? cause.lines : [];
  const output = lines.length > 0 ? ` It printed:\n${lines.join("\n")}` : "";
  const failure = `The image of service "${service}" could not be built: ${messageOf(cause)}.${output}`;
  if (/no space left on device|disk quota exceeded/i.test(failure)) {
    return worldError("image.disk-full", {
      message: failure,
      hint: "Make room on the disk of the cache, or set HOLDFAST_CACHE to a directory on another disk.",
      cause,
    });
  }
  return worldError("image.build-failed", {
    message: failure,
    hint: "Correct its Dockerfile; without a registry, only debian:trixie-slim is there to start FROM.",
    cause,
  });
}

function refuseArchitecture(service: string, wanted: string, have: string): never {
  return refuse("image.foreign-architecture", {
    message: `The image of service "${service}" is to be for ${wanted}, but the engine at hand builds for ${have}.`,
    hint: `Build it with the engine of a running ${wanted} device, or on a machine of that architecture.`,
  });
}

async function obtain(engine: BuildEngine, service: string, reference: string): Promise<string> {
  const present = await engine.find(reference);
  if (present !== undefined) return present;
  try {
    await engine.pull(reference);
    const pulled = await engine.find(reference);
    if (pulled !== undefined) return pulled;
    throw new Error("the engine does not have it after pulling");
  } catch (cause) {
    throw worldError("image.unavailable-image", {
      message: `The image ${reference} of service "${service}" cannot be had: ${messageOf(cause)}.`,
      hint: "Check its name and the way to its registry, or give the service a Dockerfile.",
      cause,
    });
  }
}

const digest = z.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const stored = z.object({ id: digest, layers: z.array(z.object({ diffId: digest })) });

async function storedImage(folder: string, known: ReadonlyMap<string, ImageLayer>): Promise<Image> {
  const { id, layers } = stored.parse(JSON.parse(await readFile(join(folder, "image.json"), "utf8")));
  const found = layers.map(async ({ diffId }): Promise<ImageLayer> => {
    const same = known.get(diffId);
    if (same !== undefined) return same;
    const file = join(folder, `${hexOf(diffId)}.tar`);
    return { diffId, tar: { kind: "range", file, offset: 0, size: (await stat(file)).size } };
  });
  return { tags: [], id, config: await readFile(join(folder, "config.json")), layers: await Promise.all(found) };
}
