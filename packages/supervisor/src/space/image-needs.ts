import { messageOf } from "@holdfast/contracts";
import type { Current } from "../engine/current.ts";
import type { Need } from "../plan/space.ts";
import type { ImageContent, Layer } from "./image-content.ts";
import { registryAddress } from "./registry-address.ts";

/** Disk that a compressed layer takes, as a multiple: its content, and the download itself until it is unpacked. */
const COMPRESSED_FACTOR = 3;
/** The same without compression: the engine keeps the download beside what it unpacks from it (traps.md, C). */
const PLAIN_FACTOR = 2;
/** A registry that did not tell is not asked again for so long; downloads go on without knowing. */
const SILENCE_MS = 600_000;
/** Questions at a time. */
const MAX_ASKED = 4;

export type ImageNeedsOptions = {
  readonly contentOf: (reference: string) => Promise<Pick<ImageContent, "architecture" | "layers">>;
  /** The layers (`diffId`s) of an image on the device, lowest first. */
  readonly layersOf: (imageId: string) => Promise<readonly string[]>;
  /** Go's name of the device's architecture. */
  readonly architecture: string;
  readonly monotonic: () => number;
  /** A size became known, or it became known that it will not. */
  readonly changed: () => void;
};

type Known =
  | { readonly content: Pick<ImageContent, "architecture" | "layers"> }
  | { readonly reason: string }
  | "asking";

/** What images will take on the disk: asked of their registries once, in the background. Holds what is wanted only. */
export class ImageNeeds {
  readonly #options: ImageNeedsOptions;
  readonly #known = new Map<string, Known>();
  readonly #silentUntil = new Map<string, number>();
  readonly #layers = new Map<string, readonly string[]>();

  constructor(options: ImageNeedsOptions) {
    this.#options = options;
  }

  /** What is known of these images; one that is left out tells nothing: it is downloaded without knowing. */
  async needs(references: readonly string[], current: Current): Promise<Map<string, Need>> {
    for (const reference of this.#known.keys()) if (!references.includes(reference)) this.#known.delete(reference);
    const needs = new Map<string, Need>();
    for (const reference of references) {
      const known = this.#known.get(reference) ?? this.#ask(reference);
      if (known === undefined) continue;
      needs.set(reference, known === "asking" ? { kind: "asking" } : await this.#needOf(reference, known, current));
    }
    return needs;
  }

  async #needOf(reference: string, known: Exclude<Known, "asking">, current: Current): Promise<Need> {
    if ("reason" in known) return { kind: "refused", reason: known.reason };
    const { architecture, layers } = known.content;
    if (!canRun(architecture, this.#options.architecture)) {
      const reason = `supervisor.wrong-architecture: ${reference} is made for ${architecture}, this device is ${this.#options.architecture}`;
      return { kind: "refused", reason };
    }
    return { kind: "bytes", bytes: bytesNeeded(layers, await this.#localLayers(current)) };
  }

  #ask(reference: string): Known | undefined {
    const { host } = registryAddress(reference);
    if ((this.#silentUntil.get(host) ?? 0) > this.#options.monotonic()) return undefined;
    // The next ones have their turn when these are done.
    if ([...this.#known.values()].filter((known) => known === "asking").length >= MAX_ASKED) return "asking";
    this.#known.set(reference, "asking");
    void this.#learn(reference, host);
    return "asking";
  }

  async #learn(reference: string, host: string): Promise<void> {
    try {
      this.#known.set(reference, { content: await this.#options.contentOf(reference) });
    } catch (error) {
      if (isWrongArchitecture(error)) {
        this.#known.set(reference, { reason: `supervisor.wrong-architecture: ${messageOf(error)}` });
      } else {
        this.#known.delete(reference);
        this.#silentUntil.set(host, this.#options.monotonic() + SILENCE_MS);
      }
    }
    this.#options.changed();
  }

  async #localLayers({ images }: Current): Promise<(readonly string[])[]> {
    const ids = new Set(images.map(({ id }) => id));
    for (const id of this.#layers.keys()) if (!ids.has(id)) this.#layers.delete(id);
    for (const id of ids) {
      if (!this.#layers.has(id)) this.#layers.set(id, await this.#options.layersOf(id));
    }
    return [...this.#layers.values()];
  }
}

/** Disk for the layers that are not on the device yet: those above the longest stack that some image shares. Pure. */
export function bytesNeeded(layers: readonly Layer[], local: readonly (readonly string[])[]): number {
  let shared = 0;
  for (const stack of local) {
    let same = 0;
    while (same < layers.length && layers[same]?.diffId !== "" && layers[same]?.diffId === stack[same]) same += 1;
    shared = Math.max(shared, same);
  }
  return layers
    .slice(shared)
    .reduce((sum, { bytes, isCompressed }) => sum + bytes * (isCompressed ? COMPRESSED_FACTOR : PLAIN_FACTOR), 0);
}

/** Processors that run programs of their predecessor, too. */
const PREDECESSORS: Readonly<Record<string, string>> = { amd64: "386", arm64: "arm" };

/** Whether a device runs programs of an image's architecture, both as Go names them. Pure. */
export function canRun(image: string, device: string): boolean {
  return image === device || image === PREDECESSORS[device];
}

function isWrongArchitecture(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "supervisor.wrong-architecture";
}
