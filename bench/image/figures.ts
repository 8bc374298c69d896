import type { Cost } from "../measure/timed-run.ts";

/** How large the parts of an image are, in bytes. */
export type Sizes = {
  /** The root filesystem with its hash tree. */
  readonly slot: number;
  readonly initrd: number;
  readonly uki: number;
  /** What the raw disk image takes on the build machine: holes are not counted. */
  readonly image: number;
};

/** What one image builder did. */
export type BuilderFigures = {
  /** Nothing cached but the packages' files. */
  readonly cold: Cost;
  /** After a change of one small file. */
  readonly rebuild: Cost;
  readonly sizes: Sizes;
};

export type OurFigures = BuilderFigures & {
  /** The archive of the supervisor's image, which no peer makes: measured apart. */
  readonly supervisorArchive: Cost & { readonly bytes: number };
  /** What releases carry, by the slot's compression; all earlier stages cached. */
  readonly compressed: readonly (Cost & { readonly case: string; readonly sizes: Sizes })[];
};
