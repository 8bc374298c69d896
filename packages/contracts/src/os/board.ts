import { z } from "zod";
import { parseDefinition } from "./parse-definition.ts";

const mebibytes = z.int().positive();
/** Below, a loaded device would be reset; above, few watchdogs count. */
const watchdogSeconds = z.int().min(10).max(600);

/** Fields of a board; docs/layer-fields.md is generated from it. */
export const boardSchema = z.strictObject({
  slug: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe("name of the file, and of the board on the command line"),
  name: z.string().describe("for people"),
  arch: z.enum(["amd64", "arm64"]).describe("Debian's name of the architecture"),
  balenaArch: z
    .enum(["amd64", "aarch64"])
    .describe("balena's name of the architecture, as device-type.json and the supervisor report it"),
  deviceType: z.string().describe("device type that balena's tools know, e.g. generic-amd64"),
  kernel: z.string().describe("kernel metapackage"),
  layers: z.array(z.string()).min(1).describe("in the order in which they are applied"),
  packages: z
    .record(z.string(), z.string().min(3))
    .default({})
    .describe("package that only this board needs -> why it is there"),
  modules: z.array(z.string()).default([]).describe("kernel modules that only this board needs"),
  initrdModules: z.array(z.string()).default([]).describe("those of them that finding the root needs"),
  loader: z
    .strictObject({ from: z.string(), to: z.string() })
    .describe("where the loader comes from and what it is called on the boot partition"),
  stub: z.string().describe("the stub that ukify joins kernel and initrd to"),
  cmdline: z.array(z.string()).default([]).describe("words of the kernel's command line besides the usual ones"),
  consoles: z.array(z.string()).default([]).describe("consoles for the kernel's messages, the main one last"),
  serialLogin: z
    .boolean()
    .default(true)
    .describe("development mode logs in on serial consoles; false where the line is wired to something else"),
  watchdog: z
    .strictObject({
      runtime: watchdogSeconds.describe("seconds without a sign of life of PID 1 until the hardware resets the device"),
      reboot: watchdogSeconds
        .default(240)
        .describe("the same for the last steps of a reboot, once all services are stopped"),
    })
    .optional()
    .describe("without it, a device that hangs stays hung; its drivers belong into initrdModules"),
  partitions: z
    .strictObject({
      boot: mebibytes.default(256),
      root: mebibytes.default(640),
      state: mebibytes.default(128),
      data: mebibytes.default(256).describe("smallest resin-data in the image; it grows to the disk on first boot"),
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
