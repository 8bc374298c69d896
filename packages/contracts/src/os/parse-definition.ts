import type { z } from "zod";
import { type ErrorCode, refuse } from "../errors.ts";

/** Parses a definition and names the thing and the field of the first problem. */
export function parseDefinition<T extends z.ZodType>(
  schema: T,
  input: unknown,
  code: ErrorCode,
  what: string,
): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.map(String).join(".") || "(top)"}: ${issue.message}`,
  );
  return refuse(code, {
    message: `${what}: ${problems.join("; ")}`,
    hint: "docs/adding-a-layer.md lists every field of a layer and a board.",
  });
}
