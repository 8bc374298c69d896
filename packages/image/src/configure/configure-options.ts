import type { ImageTools } from "../pack/index.ts";

export type ConfigureOptions = {
  readonly tools: ImageTools;
  /** Room for the boot partition and, of an `.img.zst`, for the unpacked image. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
};
