import type * as z from "zod";
import { refuse } from "../errors.ts";
import { checkBounds } from "./bounds.ts";

/** At most this many problems are named; a malformed document may have thousands. */
const MAX_PROBLEMS = 5;

/**
 * Parses a document from outside: first its size and depth, then its shape.
 * @throws HoldfastError `supervisor.invalid-target` naming the first fields that are wrong.
 */
export function parseWire<T extends z.ZodType>(schema: T, document: unknown, what: string): z.output<T> {
  checkBounds(document);
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const problems = result.error.issues
    .slice(0, MAX_PROBLEMS)
    .map((issue) => `${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`.slice(0, 300));
  return refuse("supervisor.invalid-target", {
    message: `${what}: ${problems.join("; ")}`,
    hint: "docs/compose.md lists what a target state and a composition may contain.",
  });
}
