import * as z from "zod";
import { labelMap, optionMap } from "./names.ts";

const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")]);

const ipamPool = z.object({
  subnet: z.string().optional(),
  ip_range: z.string().optional(),
  gateway: z.string().optional(),
  aux_addresses: z.record(z.string(), z.string()).optional(),
});

/** A network of a composition; unknown keys are dropped. */
export const composeNetworkSchema = z.object({
  driver: z.string().default("bridge"),
  driver_opts: optionMap.default({}),
  enable_ipv6: flag.default(false),
  internal: flag.default(false),
  config_only: flag.default(false),
  ipam: z
    .object({
      driver: z.string().default("default"),
      config: z.array(ipamPool).default([]),
      options: optionMap.default({}),
    })
    .prefault({}),
  labels: labelMap.default({}),
});
export type ComposeNetwork = z.infer<typeof composeNetworkSchema>;

/** A named volume of a composition; unknown keys are dropped. */
export const composeVolumeDefinitionSchema = z.object({
  driver: z.string().default("local"),
  driver_opts: optionMap.default({}),
  labels: labelMap.default({}),
});
export type ComposeVolumeDefinition = z.infer<typeof composeVolumeDefinitionSchema>;
