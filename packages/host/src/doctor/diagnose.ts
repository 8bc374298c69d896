import { allChecks } from "./checks/all-checks.ts";
import { Unknown } from "./facts/fact.ts";
import type { Facts } from "./facts/facts.ts";
import type { Check, Finding, Level } from "./finding.ts";

/** What `holdfast doctor --json` prints. */
export type Report = {
  /** Raised when the shape changes; codes and checks may be added without that. */
  readonly version: 1;
  /** The worst of all findings. */
  readonly level: Level;
  /** In the order of the checks. */
  readonly findings: readonly Finding[];
};

/** A check that could not be made, because what it needs could not be learnt; any check may find that. */
export const UNKNOWN = {
  code: "doctor.unknown",
  level: "warning",
  means: "a check could not be made: what it has to know could not be learnt, or not in time",
  todo: "Run the doctor again; if it stays, look at what is named",
} as const;

function judge(check: Check, facts: Facts): Finding {
  const { name } = check;
  try {
    const verdict = check.judge(facts);
    if ("ok" in verdict) return { check: name, level: "ok", code: "ok", what: verdict.ok, todo: "" };
    const { code, what } = verdict;
    const trouble = check.troubles[code];
    if (trouble === undefined) throw new Error(`${name} has no trouble ${code}`);
    return { check: name, level: trouble.level, code, what, todo: trouble.todo };
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    const { code, level, todo } = UNKNOWN;
    return { check: name, level, code, what: `not checked: ${error.message}`, todo };
  }
}

const worst = (findings: readonly Finding[]): Level =>
  (["failure", "warning"] as const).find((level) => findings.some((finding) => finding.level === level)) ?? "ok";

/** Judges the facts: one finding for each check. Pure. */
export function diagnose(facts: Facts): Report {
  const findings = allChecks.map((check) => judge(check, facts));
  return { version: 1, level: worst(findings), findings };
}
