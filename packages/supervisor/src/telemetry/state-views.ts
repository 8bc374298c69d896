import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { Plan, Wait } from "../plan/step.ts";
import type { Desired } from "../spec/desired.ts";
import { serviceViews } from "../status/status.ts";
import { type StepView, stepView } from "./step-view.ts";

/** More steps and waits of one app are counted only: an event is a few kilobytes at most. */
const MAX_LISTED = 32;

/** What is to be done for an app, or for the device. */
export type PlanView = {
  readonly appId: number | null;
  readonly steps: readonly StepView[];
  readonly waits: readonly Pick<Wait, "service" | "reason">[];
  /** Steps and waits that are not listed. */
  readonly more: number;
};

/** How a service is. `removed`: no target names it any more. */
export type ServiceChange = {
  readonly appId: number;
  readonly service: string;
  readonly status: string;
  readonly health: string | null;
  readonly image: string | null;
  readonly releaseId: number | null;
};

/** The parts of a plan by whom they concern; empty parts are not there. Pure. */
export function planViews({ steps, waits }: Plan, desired: Desired | undefined): Map<number | "device", PlanView> {
  const parts = new Map<number | "device", { steps: StepView[]; waits: Wait[] }>();
  const partOf = (about: number | "device") => {
    const part = parts.get(about) ?? { steps: [], waits: [] };
    parts.set(about, part);
    return part;
  };
  for (const view of steps.map((step) => stepView(step, desired))) partOf(view.appId ?? "device").steps.push(view);
  for (const wait of waits) partOf(wait.appId).waits.push(wait);
  return new Map([...parts].map(([about, part]) => [about, boundedView(about, part.steps, part.waits)]));
}

function boundedView(about: number | "device", steps: readonly StepView[], waits: readonly Wait[]): PlanView {
  return {
    appId: about === "device" ? null : about,
    steps: steps.slice(0, MAX_LISTED),
    waits: waits.slice(0, MAX_LISTED).map(({ service, reason }) => ({ service, reason })),
    more: Math.max(0, steps.length - MAX_LISTED) + Math.max(0, waits.length - MAX_LISTED),
  };
}

type Changed = { readonly key: string; readonly change: ServiceChange; readonly text: string | undefined };

/** Services that are not as they were told last; `text` is what to remember, undefined for those that are gone. Pure. */
export function serviceChanges(status: ApplyStatus, told: ReadonlyMap<string, string>): Changed[] {
  const healths = new Map(
    (status.current?.containers ?? []).map(({ appId, service, health }) => [`${appId}/${service}`, health]),
  );
  const present = new Set<string>();
  const changed: Changed[] = [];
  for (const app of status.desired?.apps ?? []) {
    for (const [service, { status: word, image, releaseId }] of Object.entries(serviceViews(app, status))) {
      const key = `${app.id}/${service}`;
      present.add(key);
      const change = { appId: app.id, service, status: word, health: healths.get(key) ?? null, image, releaseId };
      const text = JSON.stringify(change);
      if (told.get(key) !== text) changed.push({ key, change, text });
    }
  }
  const gone = [...told.keys()].filter((key) => !present.has(key));
  return [...changed, ...gone.map((key) => ({ key, change: removed(key), text: undefined }))];
}

function removed(key: string): ServiceChange {
  const at = key.indexOf("/");
  const own = { appId: Number(key.slice(0, at)), service: key.slice(at + 1) };
  return { ...own, status: "removed", health: null, image: null, releaseId: null };
}
