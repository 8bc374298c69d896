import type { Facts } from "./facts/facts.ts";

export type Level = "ok" | "warning" | "failure";

/** What one check found. `code` is a stable word: "ok", or one of docs/doctor.md. */
export type Finding = {
  readonly check: string;
  readonly level: Level;
  readonly code: string;
  /** One sentence without its full stop. Never a secret. */
  readonly what: string;
  /** What to do about it; empty when all is well. */
  readonly todo: string;
};

/** A trouble that a check may find. */
export type Trouble = {
  readonly level: "warning" | "failure";
  /** What it means, for the reference. */
  readonly means: string;
  readonly todo: string;
};

/** All is well and why, or a code of the check's troubles and what exactly is wrong. */
export type Verdict<Code extends string> = { readonly ok: string } | { readonly code: Code; readonly what: string };

/** One thing that the doctor checks. */
export type Check<Code extends string = string> = {
  /** `area.thing`. */
  readonly name: string;
  /** When all is well; for the reference. */
  readonly means: string;
  readonly troubles: Readonly<Record<Code, Trouble>>;
  /** Pure. @throws Unknown when a fact that it needs is not known */
  readonly judge: (facts: Facts) => Verdict<Code>;
};

/** Declares a check; its codes are those of its troubles. */
export const defineCheck = <Code extends string>(check: Check<Code>): Check<Code> => check;

/** `a, b and 3 more`: for findings about many things. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}
