import * as z from "zod";

/** What a contract may ask of a device (compat 4.6). */
export const requirementTypes = ["sw.supervisor", "sw.l4t", "sw.os", "sw.kernel", "hw.device-type", "arch.sw"] as const;
export type RequirementType = (typeof requirementTypes)[number];

const requirement = z.object({
  type: z.enum(requirementTypes),
  /** A range of semantic versions. */
  version: z.string().max(255).nullish(),
  /** The device type or architecture. */
  slug: z.string().max(255).nullish(),
});
export type ContractRequirement = z.infer<typeof requirement>;

/** One requirement, or several of which one is enough. */
const requirementOrChoice = z.union([requirement, z.object({ or: z.array(requirement).min(1) })]);

/** The contract of a service: what the device must be for it to run. Other keys of a contract are not looked at. */
export const serviceContract = z.object({
  requires: z
    .array(requirementOrChoice)
    .nullish()
    .transform((requires) => requires ?? []),
});
export type ServiceContract = z.infer<typeof serviceContract>;
