import { z } from "zod";
import { parseDefinition } from "./parse-definition.ts";

const mebibytes = z.int().positive();

/** Fields of a board; docs/layer-fields.md is generated from it. */
export const boardSchema = z.strictObject({
  slug: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string(),
  /** Debian's name of the architecture. */
  arch: z.enum(["amd64", "arm64"]),
  /** balena's name of the architecture, as device-type.json and the supervisor report it. */
  balenaArch: z.enum(["amd64", "aarch64"]),
  /** Device type slug that balena's tools know, e.g. generic-amd64. */
  deviceType: z.string(),
  /** Kernel metapackage. */
  kernel: z.string(),
  layers: z.array(z.string()).min(1),
  /** Packages, modules and the like that only this board needs: a layer of its own, inline. */
  packages: z.record(z.string(), z.string().min(3)).default({}),
  modules: z.array(z.string()).default([]),
  initrdModules: z.array(z.string()).default([]),
  /** Where the loader comes from and what it is called on the ESP. */
  loader: z.strictObject({ from: z.string(), to: z.string() }),
  /** The stub that ukify joins kernel and initrd to. */
  stub: z.string(),
  /** Kernel command line in addition to the boot layer's. */
  cmdline: z.array(z.string()).default([]),
  /** Consoles of development images. */
  consoles: z.array(z.string()).default([]),
  partitions: z
    .strictObject({
      boot: mebibytes.default(256),
      root: mebibytes.default(640),
      state: mebibytes.default(128),
      /** Smallest resin-data in the image; it grows to the disk on first boot. */
      data: mebibytes.default(256),
    })
    .default({ boot: 256, root: 640, state: 128, data: 256 }),
});

export type BoardInput = z.input<typeof boardSchema>;
export type Board = z.output<typeof boardSchema>;

/**
 * Declares a board: facts only.
 * @throws `image.invalid-board` naming the board and the field.
 */
export function defineBoard(input: BoardInput): Board {
  return parseDefinition(boardSchema, input, "image.invalid-board", `board ${String(input.slug)}`);
}
