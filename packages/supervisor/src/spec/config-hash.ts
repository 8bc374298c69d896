import { createHash } from "node:crypto";

/** Long enough that two definitions of one device never meet, short enough to read in a listing. */
const HASH_CHARACTERS = 32;

/** A digest of a definition that does not depend on the order of keys. */
export function configHash(definition: unknown): string {
  return createHash("sha256").update(canonical(definition)).digest("hex").slice(0, HASH_CHARACTERS);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
