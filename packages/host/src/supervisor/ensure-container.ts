import { askEngine, complaintOf, loadImages, readAnswer, succeeded } from "../engine/engine-api.ts";
import type { Machine } from "../machine/machine.ts";
import { CONTAINER, type ContainerSpec, SPEC_LABEL } from "./container-spec.ts";
import { ARCHIVE, type SupervisorManifest } from "./supervisor-manifest.ts";
import { checkImage, VERSION_LABEL } from "./verify-image.ts";

function removeContainer(machine: Machine): void {
  askEngine(machine, { method: "DELETE", path: `/containers/${CONTAINER}?force=true` });
}

/**
 * Removes the supervisor's image and every other version of it. A layer stays as long as any image or container needs
 * it, and versions share one: an import would take the damaged layer for present.
 */
function removeImages(machine: Machine, manifest: SupervisorManifest): void {
  removeContainer(machine);
  for (const id of new Set([manifest.id, ...listImages(machine)])) removeImage(machine, id);
}

function removeImage(machine: Machine, id: string): void {
  const removed = askEngine(machine, { method: "DELETE", path: `/images/${id}?force=true` });
  if (!succeeded(removed)) machine.log(`supervisor image ${id} cannot be removed: ${complaintOf(removed)}`);
}

/** Ids of all supervisor images that the engine has. */
function listImages(machine: Machine): readonly string[] {
  const filters = encodeURIComponent(JSON.stringify({ label: [VERSION_LABEL] }));
  const answer = askEngine(machine, { path: `/images/json?filters=${filters}` });
  return (readAnswer<readonly { readonly Id: string }[]>(answer) ?? []).map(({ Id }) => Id);
}

/** Removes supervisor images that nobody needs any more; the engine refuses the one that runs. */
export function sweepImages(machine: Machine, needed: readonly string[]): void {
  for (const id of listImages(machine)) {
    if (needed.includes(id)) continue;
    machine.log(`removing supervisor image ${id}`);
    removeImage(machine, id);
  }
}

/**
 * Makes sure that the engine has this slot's supervisor image, whole; imports it from the slot otherwise.
 * @throws when it cannot be had; the unit's restart tries again.
 */
export function ensureImage(machine: Machine, manifest: SupervisorManifest): void {
  const state = checkImage(machine, manifest);
  if (state === "good") return;
  machine.log(
    state === "absent" ? "importing the supervisor from the slot" : "importing the supervisor again from the slot",
  );
  if (state === "damaged") removeImages(machine, manifest);
  const failure = loadImages(machine, ARCHIVE);
  if (failure !== undefined) throw new Error(`the supervisor image cannot be imported: ${failure}`);
  machine.run(["sync", "-f", "/var/lib/docker"]);
  const after = checkImage(machine, manifest);
  if (after !== "good") throw new Error(`the supervisor image is ${after} after its import`);
}

type ContainerAnswer = {
  readonly State: { readonly Running: boolean; readonly ExitCode?: number };
  readonly Config: { readonly Labels: Readonly<Record<string, string>> | null };
};

/** What the engine says of the supervisor's container; undefined when there is none. */
export const inspectContainer = (machine: Machine): ContainerAnswer | undefined =>
  readAnswer<ContainerAnswer>(askEngine(machine, { path: `/containers/${CONTAINER}/json` }));

/**
 * Starts the supervisor's container, made anew when it differs from the specification. `beforeStart` is called when it is
 * there and may not run yet.
 * @throws when the engine refuses.
 */
export function startContainer(machine: Machine, spec: ContainerSpec, beforeStart: () => void): void {
  const present = inspectContainer(machine);
  if (present !== undefined && present.Config.Labels?.[SPEC_LABEL] !== spec.Labels[SPEC_LABEL]) {
    machine.log("the supervisor's container is out of date: making it anew");
    removeContainer(machine);
  }
  if (present === undefined || present.Config.Labels?.[SPEC_LABEL] !== spec.Labels[SPEC_LABEL]) {
    const created = askEngine(machine, { method: "POST", path: `/containers/create?name=${CONTAINER}`, json: spec });
    if (!succeeded(created)) throw new Error(`the supervisor's container cannot be made: ${complaintOf(created)}`);
  }
  beforeStart();
  const started = askEngine(machine, { method: "POST", path: `/containers/${CONTAINER}/start` });
  // 304: it runs already, e.g. after the engine was restarted under it.
  if (!succeeded(started) && started.status !== 304) {
    removeContainer(machine);
    throw new Error(`the supervisor's container cannot be started: ${complaintOf(started)}`);
  }
}
