import { digestOf, normaliseReference, preloadTag } from "@holdfast/contracts";
import type { ObservedContainer, ObservedImage } from "../engine/current.ts";

/** Which references are on the device, and as which image. */
export class ImageIndex {
  readonly #byReference = new Map<string, { id: string; listed: string }>();

  constructor(images: readonly ObservedImage[]) {
    for (const { id, references } of images) {
      for (const listed of references) this.#byReference.set(normaliseReference(listed), { id, listed });
    }
  }

  /** The engine's id of a reference's image and the name it is listed under; undefined when it is not there. */
  find(reference: string): { readonly id: string; readonly listed: string } | undefined {
    return this.#byReference.get(normaliseReference(reference)) ?? this.#byReference.get(preloadTag(reference));
  }

  has(reference: string): boolean {
    return this.find(reference) !== undefined;
  }

  /** Whether a container runs what the reference means today; a tag that moved to another image does not count. */
  isImageOf(container: ObservedContainer, reference: string): boolean {
    const found = this.find(reference);
    if (found !== undefined) return found.id === container.imageId;
    if (normaliseReference(container.image) === normaliseReference(reference)) return true;
    const digest = digestOf(reference);
    return digest !== undefined && digest === digestOf(container.image);
  }
}
