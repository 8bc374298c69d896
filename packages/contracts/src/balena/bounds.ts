import { refuse } from "../errors.ts";

/** What a document from outside may cost before its shape is looked at. */
export type Bounds = { readonly maxDepth: number; readonly maxValues: number; readonly maxText: number };

/** Far above any real target state (a hundred services use about 5,000 values), far below what hurts the device. */
export const targetBounds: Bounds = { maxDepth: 24, maxValues: 100_000, maxText: 256 * 1024 };

/**
 * Refuses a parsed JSON document that is too deep, has too many values or too long a text. Iterative, so that the
 * document's own depth cannot exhaust the stack.
 * @throws HoldfastError `supervisor.invalid-target`
 */
export function checkBounds(document: unknown, bounds: Bounds = targetBounds): void {
  const open: { value: unknown; depth: number }[] = [{ value: document, depth: 0 }];
  let seen = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    seen += 1;
    if (seen > bounds.maxValues) tooBig(`it has more than ${bounds.maxValues} values`);
    if (next.depth > bounds.maxDepth) tooBig(`it is nested deeper than ${bounds.maxDepth} levels`);
    const { value } = next;
    if (typeof value === "string" && value.length > bounds.maxText)
      tooBig(`a text exceeds ${bounds.maxText} characters`);
    if (typeof value !== "object" || value === null) continue;
    for (const child of Object.values(value)) open.push({ value: child, depth: next.depth + 1 });
  }
}

function tooBig(why: string): never {
  return refuse("supervisor.invalid-target", {
    message: `The target state is refused: ${why}.`,
    hint: "Check the program that made it; a real target state is a few hundred kilobytes at most.",
  });
}
