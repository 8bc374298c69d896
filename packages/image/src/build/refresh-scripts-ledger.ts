import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchDebs, type Lock } from "../apt/index.ts";
import { writeDurably } from "../cache/index.ts";
import type { LoadedLayer } from "../compose/load-definitions.ts";
import { refreshScripts, type ScriptFinding, scriptsLedgerSchema } from "../compose/scripts-ledger.ts";
import type { Workshop } from "./build-options.ts";
import { openPackages, scriptsOf } from "./open-packages.ts";

export type LockedLayers = { readonly layers: readonly LoadedLayer[]; readonly lock: Lock };
export type LedgerReport = {
  readonly file: string;
  readonly changed: readonly ScriptFinding[];
  readonly unknown: readonly ScriptFinding[];
};

/**
 * Holds the maintainer scripts of locked packages against `ledger/scripts.json` and enters changed ones of packages that
 * are accounted for; returns after the ledger is on disk. Fetches packages that are not in the cache.
 */
export async function refreshScriptsLedger(
  osDir: string,
  locked: readonly LockedLayers[],
  workshop: Pick<Workshop, "cache" | "mirror" | "progress" | "signal">,
): Promise<LedgerReport> {
  const { cache, mirror, progress, signal } = workshop;
  const file = join(osDir, "ledger/scripts.json");
  const before = scriptsLedgerSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const packages = [];
  for (const { layers, lock } of locked) {
    const fetched = await fetchDebs(lock, { cache, mirror, progress, ...(signal === undefined ? {} : { signal }) });
    packages.push(...scriptsOf(await openPackages(layers, fetched.lock, workshop)));
  }
  const accounted = Object.assign({}, ...locked.flatMap(({ layers }) => layers.map(({ layer }) => layer.scripts)));
  const { ledger, changed, unknown } = refreshScripts(before, packages, accounted);
  if (changed.length > 0) await writeDurably(file, `${JSON.stringify(ledger, null, 1)}\n`);
  return { file, changed, unknown: onePerPackage(unknown) };
}

/** Both architectures bring the same script. */
function onePerPackage(findings: readonly ScriptFinding[]): ScriptFinding[] {
  return [...new Map(findings.map((finding) => [`${finding.package} ${finding.script}`, finding])).values()];
}
