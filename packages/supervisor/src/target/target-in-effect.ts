import {
  parseWire,
  serviceContract,
  type WireApp,
  type WireApps,
  type WireRelease,
  type WireService,
} from "@holdfast/contracts";
import { hasFeature } from "../spec/labels.ts";
import { strategyOf } from "../spec/strategy.ts";
import { fingerprintOf, isPlanned, targetFromWire } from "./from-wire.ts";
import { rewriteLabels } from "./rewrite-labels.ts";
import type { Rejection, Target, TargetApp } from "./target.ts";
import { type Provided, unmetRequirements } from "./unmet-requirements.ts";

/** A release that ran well on this device. */
export type GoodRelease = { readonly fingerprint: string; readonly releases: WireApp["releases"] };

/** What the device knows of itself and of former releases; all of it may be missing. */
export type ReleaseKnowledge = {
  readonly provided: Provided;
  readonly goodOf: (uuid: string) => GoodRelease | undefined;
  /** What is in effect now, good or not known to be. */
  readonly formerOf: (uuid: string) => GoodRelease | undefined;
  /** Why this content of an app's release was found bad on this device, if it was. */
  readonly rejectionOf: (uuid: string, fingerprint: string) => Rejection | undefined;
};

/**
 * The target that is really to be applied: releases that this device rejects are replaced by those before, and
 * optional services whose contract it does not meet are left out. An app that rejects its release and has no good one
 * (nor a former one, for an unmet contract) is frozen: what runs of it stays as it is. Pure.
 * @throws HoldfastError `supervisor.invalid-target` for the target as a whole.
 */
export function targetInEffect(apps: WireApps, knowledge: ReleaseKnowledge): Target {
  const chosen: Record<string, WireApp> = {};
  const marks = new Map<string, Partial<Pick<TargetApp, "rejected" | "isFrozen">>>();
  const warnings: string[] = [];
  const spareImages = new Set<string>();
  for (const [uuid, app] of Object.entries(apps)) {
    if (!isPlanned(uuid, app)) continue;
    const judged = judge(uuid, app, knowledge);
    const good = knowledge.goodOf(uuid);
    warnings.push(...judged.warnings);
    if (judged.rejected === undefined) {
      chosen[uuid] = judged.app;
      if (good?.fingerprint !== fingerprintOf(judged.app)) {
        for (const image of imagesToSpare(good, judged.app)) spareImages.add(image);
      }
    } else {
      // What the device cannot run changes nothing; what was bad here is undone.
      const stays = judged.rejected.code === "supervisor.contract-unmet" ? knowledge.formerOf(uuid) : undefined;
      const instead = stays ?? good;
      chosen[uuid] = { ...app, releases: instead?.releases ?? {} };
      marks.set(uuid, { rejected: judged.rejected, ...(instead === undefined ? { isFrozen: true } : {}) });
    }
  }
  const target = targetFromWire(chosen);
  return {
    ...target,
    apps: target.apps.map((app) => ({ ...app, ...marks.get(app.uuid) })),
    warnings: [...warnings, ...target.warnings],
    spareImages: [...spareImages],
  };
}

type Judged = { readonly app: WireApp; readonly rejected?: Rejection; readonly warnings: readonly string[] };

function judge(uuid: string, whole: WireApp, knowledge: ReleaseKnowledge): Judged {
  const [commit, release] = Object.entries(whole.releases)[0] ?? [];
  if (commit === undefined || release === undefined) return { app: whole, warnings: [] };
  const { dropped, unmet } = checkContracts(whole.name, release, knowledge.provided);
  if (unmet.length > 0) {
    // The first words are those that clients know (compat 4.6).
    const reason = `Some releases were rejected due to having unmet requirements: ${whole.name}: ${unmet.join("; ")}`;
    return { app: whole, rejected: { commit, code: "supervisor.contract-unmet", reason }, warnings: [] };
  }
  const services = Object.fromEntries(Object.entries(release.services).filter(([name]) => !dropped.has(name)));
  const app = dropped.size === 0 ? whole : { ...whole, releases: { [commit]: { ...release, services } } };
  const rejected = knowledge.rejectionOf(uuid, fingerprintOf(app));
  return {
    app,
    ...(rejected === undefined ? {} : { rejected }),
    warnings: [...dropped].map(([name, words]) => `${name}: optional, not run: the device does not have ${words}`),
  };
}

/** Services whose contract the device does not meet: those that may be left out, and those that the release needs. */
function checkContracts(app: string, release: WireRelease, provided: Provided) {
  const dropped = new Map<string, string>();
  const unmet: string[] = [];
  for (const [name, service] of Object.entries(release.services)) {
    if (service.contract === undefined) continue;
    const contract = parseWire(serviceContract, service.contract, `app ${app}, service ${name}, contract`);
    const words = unmetRequirements(contract, provided).join(", ");
    if (words === "") continue;
    if (isOptional(service.labels)) dropped.set(name, words);
    else unmet.push(`${name} needs ${words}`);
  }
  return { dropped, unmet };
}

function isOptional(labels: Readonly<Record<string, string>>): boolean {
  return hasFeature(rewriteLabels(labels), "optional");
}

/** Images of the good release; not those that the strategy of their service deletes before the download. */
function imagesToSpare(good: GoodRelease | undefined, next: WireApp): string[] {
  const deleting = new Set(
    servicesOf(next.releases).flatMap(([name, { labels }]) =>
      strategyOf(rewriteLabels(labels)) === "delete-then-download" ? [name] : [],
    ),
  );
  return servicesOf(good?.releases ?? {}).flatMap(([name, { image }]) => (deleting.has(name) ? [] : [image]));
}

function servicesOf(releases: WireApp["releases"]): [string, WireService][] {
  return Object.values(releases).flatMap((release) => Object.entries(release.services));
}
