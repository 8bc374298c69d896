import { z } from "zod";
import { parseDefinition } from "./parse-definition.ts";

const absolutePath = z.string().regex(/^\/(?!.*\/\.\.?(\/|$)).*[^/]$/, "an absolute path without a trailing slash");
const octalMode = z.string().regex(/^[0-7]{3,4}$/, "an octal mode such as 0755");
const architecture = z.enum(["amd64", "arm64"]);

/** One system user; `uid` and `gid` come from the ledger (os/ledger/users.json), never from here. */
const userSchema = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_-]*$/),
  group: z.string().optional().describe("primary group; defaults to the user's own name"),
  groups: z.array(z.string()).default([]).describe("supplementary groups"),
  home: absolutePath.default("/nonexistent"),
  shell: absolutePath.default("/usr/sbin/nologin"),
  comment: z.string().default(""),
});

const fileSchema = z.strictObject({
  path: absolutePath,
  mode: octalMode.default("0644"),
  owner: z.string().default("root"),
  group: z.string().default("root"),
  content: z.string().optional().describe("the file's text; exactly one of content, from, link and directory is given"),
  from: z.string().optional().describe("a file of the layer's own folder"),
  link: z.string().optional().describe("a symbolic link to this target"),
  directory: z.literal(true).optional().describe("an empty directory"),
});

/** A path of the read-only root that persists on resin-state (or resin-data), bind-mounted from root-overlay. */
const statePathSchema = z.strictObject({
  path: absolutePath,
  mode: octalMode.default("0755"),
  owner: z.string().default("root"),
  group: z.string().default("root"),
  partition: z.enum(["state", "data"]).default("state"),
  seed: z.boolean().default(false).describe("start from what the image holds at that path"),
});

const initrdSchema = z.strictObject({
  modules: z.array(z.string()).default([]).describe("kernel modules by name; dependencies are added"),
  paths: z
    .array(absolutePath)
    .default([])
    .describe("files, links and programs of the root copied into the initrd; libraries are added"),
  files: z.array(fileSchema).default([]).describe("files that exist in the initrd only"),
  wants: z.record(z.string(), z.array(z.string())).default({}).describe("unit -> units it wants"),
});

/** Fields of a layer; docs/layer-fields.md is generated from it. */
export const layerSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/)
    .describe("name of its folder"),
  why: z.string().min(10).describe("one sentence: what the device loses without this layer"),
  packages: z.record(z.string(), z.string().min(3)).default({}).describe("package -> why it is there"),
  packagesFor: z
    .partialRecord(architecture, z.record(z.string(), z.string().min(3)))
    .default({})
    .describe("the same for one architecture"),
  without: z
    .record(z.string(), z.string().min(5))
    .default({})
    .describe("package that the resolver brings along -> why nothing of it is unpacked"),
  files: z.array(fileSchema).default([]).describe("besides these, everything below the layer's `files/` folder"),
  users: z.array(userSchema).default([]).describe("system users; their numbers stand in os/ledger/accounts.json"),
  groups: z.array(z.string()).default([]).describe("system groups besides those of users"),
  alternatives: z
    .record(absolutePath, absolutePath)
    .default({})
    .describe("link -> target, what update-alternatives would do"),
  units: z
    .strictObject({
      enable: z.array(z.string()).default([]).describe("units that start; no others do"),
      disable: z.array(z.string()).default([]).describe("units that another layer enables"),
      mask: z.array(z.string()).default([]).describe("units that can never start"),
    })
    .default({ enable: [], disable: [], mask: [] }),
  modules: z
    .array(z.string())
    .default([])
    .describe(
      "kernel modules kept in the root: names, or globs below kernel/ such as drivers/net/usb/**; dependencies are added",
    ),
  modulesFor: z.partialRecord(architecture, z.array(z.string())).default({}).describe("the same for one architecture"),
  drop: z.array(z.string()).default([]).describe("path globs of packages' content that is left out"),
  keep: z.array(z.string()).default([]).describe("exceptions to any layer's drop"),
  modes: z
    .record(
      absolutePath,
      z.strictObject({ mode: octalMode, owner: z.string().default("root"), group: z.string().default("root") }),
    )
    .default({})
    .describe("modes that a maintainer script would have set"),
  state: z
    .array(statePathSchema)
    .default([])
    .describe("paths of the read-only root that persist, by being bound from another partition"),
  initrd: initrdSchema.default({ modules: [], paths: [], files: [], wants: {} }),
  scripts: z
    .record(z.string(), z.string().min(5))
    .default({})
    .describe("package -> how its maintainer scripts are accounted for; their hashes stand in os/ledger/scripts.json"),
});

export type LayerInput = z.input<typeof layerSchema>;
export type Layer = z.output<typeof layerSchema>;
export type LayerFile = z.output<typeof fileSchema>;
export type LayerUser = z.output<typeof userSchema>;
export type StatePath = z.output<typeof statePathSchema>;
export type Architecture = z.output<typeof architecture>;

/**
 * Declares a layer: what goes into the root filesystem, as data.
 * @throws `image.invalid-layer` naming the layer and the field.
 */
export function defineLayer(input: LayerInput): Layer {
  return parseDefinition(layerSchema, input, "image.invalid-layer", `layer ${String(input.name)}`);
}
