import type { Content } from "../../tree/entry.ts";

export type BuildRequest = {
  /** The context's tar. */
  readonly context: readonly Content[];
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Each line of the build's output. */
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
};

/** A container engine that images are built with: a private one on this machine, or that of a running device. */
export type BuildEngine = {
  /** Loads an archive of images, compressed or not. */
  readonly load: (archive: string) => Promise<void>;
  /** Id of an image by name; undefined when the engine does not have it. */
  readonly find: (reference: string) => Promise<string | undefined>;
  /**
   * Builds an image and gives its id.
   * @throws BuildFailed with the last lines of the output
   */
  readonly build: (request: BuildRequest) => Promise<string>;
  /** @throws Error with the engine's words when there is no such image or no way to it */
  readonly pull: (reference: string) => Promise<void>;
  /** Writes images to an uncompressed docker-archive. */
  readonly save: (ids: readonly string[], file: string) => Promise<void>;
  /** The engine's processor architecture in image formats' words. */
  readonly architecture: string;
};

/** A Dockerfile's step failed. */
export class BuildFailed extends Error {
  readonly lines: readonly string[];
  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.name = "BuildFailed";
    this.lines = lines;
  }
}
