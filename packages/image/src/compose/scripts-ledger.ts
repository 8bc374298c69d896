import { createHash } from "node:crypto";
import { refuse } from "@holdfast/contracts";
import { z } from "zod";

/** os/ledger/scripts.json: package -> how its maintainer scripts are accounted for, and their hashes by name. */
export const scriptsLedgerSchema = z.record(
  z.string(),
  z.strictObject({ how: z.string().min(5), hashes: z.record(z.string(), z.array(z.string())) }),
);
export type ScriptsLedger = z.output<typeof scriptsLedgerSchema>;

export type PackageScripts = {
  readonly name: string;
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};
export type ScriptFinding = {
  readonly package: string;
  readonly script: string;
  readonly problem: "unknown" | "changed";
  readonly text: string;
};

/** Only these run on an installation; removal scripts never matter on a root that is replaced as a whole. */
const installing = ["preinst", "postinst"];

/**
 * The hash of a script without what changes with every release of a package: its own version and the kernel's ABI.
 * Pure.
 */
export function scriptHash(text: string, version: string): string {
  const neutral = text.replaceAll(version, "@VERSION@").replace(/\d+\.\d+\.\d+\+deb\d+(-[a-z0-9]+)?/g, "@ABI@");
  return createHash("sha256").update(neutral).digest("hex").slice(0, 16);
}

/** Holds the scripts of the packages against the ledger. Pure. */
export function checkScripts(packages: readonly PackageScripts[], ledger: ScriptsLedger): ScriptFinding[] {
  return packages.flatMap(({ name, version, scripts }) =>
    installing.flatMap((script): ScriptFinding[] => {
      const text = scripts[script];
      if (text === undefined) return [];
      const known = ledger[ledgerName(name)];
      if (known === undefined) return [{ package: name, script, problem: "unknown", text }];
      return known.hashes[script]?.includes(scriptHash(text, version)) === true
        ? []
        : [{ package: name, script, problem: "changed", text }];
    }),
  );
}

/** Kernel packages carry their ABI in the name; the ledger knows them without it. */
function ledgerName(name: string): string {
  return name.replace(/\d+\.\d+\.\d+\+deb\d+/, "@ABI@");
}

/** Versions of a script that stay accepted: one per architecture, and those of the release before. */
const REMEMBERED = 4;

export type RefreshedLedger = {
  readonly ledger: ScriptsLedger;
  /** Scripts whose new form was entered. */
  readonly changed: readonly ScriptFinding[];
  /** Scripts that nobody accounted for: neither in the ledger nor in a layer's `scripts`. */
  readonly unknown: readonly ScriptFinding[];
};

/**
 * Enters the scripts of packages that are accounted for: changed ones of packages that the ledger knows, and those of
 * packages that a layer's `scripts` speaks for (package -> how). Pure.
 */
export function refreshScripts(
  ledger: ScriptsLedger,
  packages: readonly PackageScripts[],
  accounted: Readonly<Record<string, string>>,
): RefreshedLedger {
  const refreshed: ScriptsLedger = structuredClone(ledger);
  const [changed, unknown]: [ScriptFinding[], ScriptFinding[]] = [[], []];
  for (const { name, version, scripts } of packages) {
    for (const finding of checkScripts([{ name, version, scripts }], refreshed)) {
      const key = ledgerName(name);
      const how = refreshed[key]?.how ?? accounted[name];
      if (how === undefined) {
        unknown.push(finding);
        continue;
      }
      const hashes = refreshed[key]?.hashes ?? {};
      const known = hashes[finding.script] ?? [];
      const fresh = [...known, scriptHash(finding.text, version)].slice(-REMEMBERED);
      refreshed[key] = { how, hashes: { ...hashes, [finding.script]: fresh } };
      changed.push(finding);
    }
  }
  return { ledger: sorted(refreshed), changed, unknown };
}

function sorted(ledger: ScriptsLedger): ScriptsLedger {
  return Object.fromEntries(Object.entries(ledger).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Refuses packages whose scripts nobody accounted for; changed scripts of accounted packages are returned as warnings,
 * unless `strict`.
 * @throws `image.unaccounted-script` with the script's text
 */
export function requireAccounted(findings: readonly ScriptFinding[], strict: boolean): string[] {
  const bad = findings.find((finding) => strict || finding.problem === "unknown");
  if (bad !== undefined) {
    refuse("image.unaccounted-script", {
      message: `${bad.package}'s ${bad.script} is ${bad.problem === "unknown" ? "not accounted for" : "changed since it was accounted for"}:\n${bad.text}`,
      hint: "Read it, do declaratively in a layer what it would do, and enter it in os/ledger/scripts.json (holdfast lock --update refreshes the hashes).",
    });
  }
  return findings.map((finding) => `${finding.package}'s ${finding.script} changed since it was accounted for`);
}
