import type { ServiceStatus } from "@holdfast/contracts";
import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { ObservedContainer } from "../engine/current.ts";

/** What a container is called while two of its service run side by side (compat 4.5); undefined when none is beside it. */
export function handoverStatus(
  container: ObservedContainer,
  { desired, current }: Pick<ApplyStatus, "desired" | "current">,
): ServiceStatus | undefined {
  const services = desired?.apps.find(({ id }) => id === container.appId)?.services;
  const strategy = services?.find(({ service }) => service === container.service)?.strategy;
  if (strategy !== "hand-over" || container.state !== "running") return undefined;
  const others = (current?.containers ?? []).filter(
    ({ id, appId, service, state }) =>
      id !== container.id && appId === container.appId && service === container.service && state === "running",
  );
  if (others.length === 0) return undefined;
  return others.every(({ createdAt }) => createdAt > container.createdAt) ? "Handing over" : "Awaiting handover";
}
