import type { ContractRequirement, RequirementType, ServiceContract } from "@holdfast/contracts";
import coerce from "semver/functions/coerce.js";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";

/** What the device is, per type that a contract may ask for: a version, or the slug of its kind. */
export type Provided = Readonly<Partial<Record<RequirementType, string>>>;

/** Types that are compared by slug; the others by a range of versions. */
const COMPARED_BY_SLUG: ReadonlySet<RequirementType> = new Set(["hw.device-type", "arch.sw"]);

/** The requirements that the device does not meet, in words (`sw.os >=3.0.0`); empty when the service may run. Pure. */
export function unmetRequirements(contract: ServiceContract, provided: Provided): string[] {
  return contract.requires.flatMap((requirement) => {
    const choices = "or" in requirement ? requirement.or : [requirement];
    return choices.some((choice) => isMet(choice, provided)) ? [] : [choices.map(wordsOf).join(" or ")];
  });
}

function isMet({ type, version, slug }: ContractRequirement, provided: Provided): boolean {
  const own = provided[type];
  if (own === undefined) return false;
  if (COMPARED_BY_SLUG.has(type)) return (slug ?? version ?? own) === own;
  const range = version ?? "*";
  if (validRange(range) === null) return false;
  // Versions of kernels and operating systems (`6.12.48+deb13-amd64`, `2.15`) are no semantic versions as they are.
  return satisfies(coerce(own) ?? "0.0.0", range);
}

function wordsOf({ type, version, slug }: ContractRequirement): string {
  return [type, slug ?? version ?? ""].join(" ").trim();
}
