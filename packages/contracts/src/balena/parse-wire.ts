import type * as z from "zod";
import { refuse } from "../errors.ts";
import { checkBounds } from "./bounds.ts";

/** At most this many problems are named; a malformed document may have thousands. */
const MAX_PROBLEMS = 5;

type Issue = z.core.$ZodIssue;

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
    .map((issue) => innermost(issue))
    .map(({ path, message }) => `${path.map(String).join(".") || "(top)"}: ${message}`.slice(0, 300));
  return refuse("supervisor.invalid-target", {
    message: `${what}: ${problems.join("; ")}`,
    hint: "docs/compose.md lists what a target state and a composition may contain.",
  });
}

/** What is wrong with a key, and in the form that the value comes closest to, is hidden inside of an issue. */
function innermost(issue: Issue): Pick<Issue, "path" | "message"> {
  const inner = hiddenIn(issue);
  if (inner === undefined) return issue;
  const { path, message } = innermost(inner);
  return { path: [...issue.path, ...path], message };
}

function hiddenIn(issue: Issue): Issue | undefined {
  if (issue.code === "invalid_key") return issue.issues[0];
  if (issue.code !== "invalid_union") return undefined;
  // A form that complains of the value's type is not the one that was meant.
  const forms = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  return forms.find(({ code, path }) => code !== "invalid_type" || path.length > 0);
}
