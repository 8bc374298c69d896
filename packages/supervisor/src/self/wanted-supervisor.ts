import type { WireApp, WireApps, WireRelease, WireService } from "@holdfast/contracts";
import { SUPERVISOR_APPS } from "../target/from-wire.ts";

/** In the supervisor's own app, the services that are this program (compat 5.2). */
const SUPERVISOR_SERVICES = ["main", "balena-supervisor", "core"];

/** The services of a release of the supervisor's app that are this program. Pure. */
export function supervisorServices(release: WireRelease): [string, WireService][] {
  return Object.entries(release.services).filter(([name]) => SUPERVISOR_SERVICES.includes(name));
}

export type WantedSupervisor = { readonly commit: string; readonly image: string };

/** Which supervisor a target asks for; undefined when it says nothing of it. Pure. */
export function wantedSupervisor(apps: WireApps): WantedSupervisor | undefined {
  const app: WireApp | undefined = Object.entries(apps).find(([uuid]) => SUPERVISOR_APPS.has(uuid))?.[1];
  const [commit, release] = Object.entries(app?.releases ?? {})[0] ?? [];
  const image = release === undefined ? undefined : supervisorServices(release)[0]?.[1].image;
  return commit === undefined || image === undefined ? undefined : { commit, image };
}
