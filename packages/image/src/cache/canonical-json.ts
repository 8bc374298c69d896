import { createHash } from "node:crypto";
import { type Sha256, sha256 } from "@holdfast/contracts";

/** JSON with sorted keys: the same value has the same text, however it was put together. `undefined` members vanish. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== "object" || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The key of a value: SHA-256 of its canonical JSON. */
export function keyOf(value: unknown): Sha256 {
  return sha256(createHash("sha256").update(canonicalJson(value)).digest("hex"));
}
