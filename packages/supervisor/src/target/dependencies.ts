import { type DependencyCondition, refuse } from "@holdfast/contracts";
import type { TargetService } from "./target.ts";

/** What must hold of other services of the app before this one starts; `network_mode: service:x` implies x. */
export function dependenciesOf(service: TargetService): Readonly<Record<string, DependencyCondition>> {
  const shared = networkOwner(service);
  return shared === undefined
    ? (service.compose.depends_on ?? {})
    : { [shared]: "service_started", ...service.compose.depends_on };
}

/** The service whose network namespace this one shares, if any. */
function networkOwner(service: TargetService): string | undefined {
  const mode = service.compose.network_mode;
  return mode?.startsWith("service:") === true ? mode.slice("service:".length) : undefined;
}

/**
 * Drops dependencies on services that the release does not have (with a warning) and refuses cycles.
 * @throws HoldfastError `supervisor.invalid-target` naming the services of the cycle, or an unknown network owner.
 */
export function checkDependencies(
  app: string,
  services: readonly TargetService[],
  warnings: string[],
): readonly TargetService[] {
  const names = new Set(services.map((service) => service.name));
  const checked = services.map((service) => {
    const owner = networkOwner(service);
    if (owner !== undefined && !names.has(owner)) {
      refuse("supervisor.invalid-target", {
        message: `app ${app}, service ${service.name}: network_mode names the service ${owner}, which does not exist.`,
      });
    }
    const wanted = Object.entries(service.compose.depends_on ?? {});
    const known = wanted.filter(([name]) => names.has(name));
    if (known.length === wanted.length) return service;
    for (const [name] of wanted.filter(([name]) => !names.has(name))) {
      warnings.push(`${service.name}: depends_on names ${name}, which does not exist; ignored`);
    }
    return { ...service, compose: { ...service.compose, depends_on: Object.fromEntries(known) } };
  });
  const cycle = findCycle(checked);
  if (cycle !== undefined) {
    refuse("supervisor.invalid-target", {
      message: `app ${app}: depends_on has a cycle: ${cycle.join(" -> ")}.`,
      hint: "Remove one of these dependencies.",
    });
  }
  return checked;
}

/** Takes away, again and again, services whose dependencies are all gone; what is left contains the cycles. */
function findCycle(services: readonly TargetService[]): string[] | undefined {
  const open = new Map(services.map((service) => [service.name, Object.keys(dependenciesOf(service))]));
  for (let before = -1; before !== open.size; ) {
    before = open.size;
    for (const [name, needs] of open) if (!needs.some((need) => open.has(need))) open.delete(name);
  }
  const [first] = open.keys();
  if (first === undefined) return undefined;
  const path: string[] = [];
  for (let at: string | undefined = first; at !== undefined; at = open.get(at)?.find((need) => open.has(need))) {
    if (path.includes(at)) return [...path.slice(path.indexOf(at)), at];
    path.push(at);
  }
  return path;
}
