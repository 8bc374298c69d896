import { writeDurably } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { checkVpnConfig } from "../vpn/check-vpn-config.ts";
import type { ServicePlan } from "./plan-services.ts";
import type { ManagedService } from "./schema.ts";

/** In memory: after a reboot every unit reads its files anyway. */
const PENDING = "/run/holdfast/os-config-pending";

/** Says what is wrong with a service's files before they replace those that work; undefined when nothing is. */
type Check = (machine: Machine, wanted: Readonly<Record<string, string>>) => string | undefined;
const checks: Readonly<Record<string, Check>> = { openvpn: checkVpnConfig };

const pendingOf = ({ id }: ManagedService): string => `${PENDING}/${id}`;

function restart(machine: Machine, { units }: ManagedService): void {
  if (units.length > 0) machine.run(["systemctl", "--no-block", "restart", ...units]);
}

/**
 * Writes what differs and restarts the services that read it. A run that ends half-way leaves a mark, so that the next
 * one restarts a service whose files are right already.
 * @returns whether every service is as the server wants it; one whose configuration cannot work keeps its former one.
 */
export function applyServices(machine: Machine, plans: readonly ServicePlan[]): boolean {
  let all = true;
  for (const { service, wanted, changes } of plans) {
    const mark = pendingOf(service);
    if (changes.length > 0) {
      const complaint = checks[service.id]?.(machine, wanted);
      if (complaint !== undefined) {
        machine.log(`the server's configuration of ${service.id} is refused, the former one stays: ${complaint}`);
        all = false;
        continue;
      }
      machine.makeDirectory(PENDING);
      machine.writeText(mark, "");
    }
    for (const { path, content } of changes) {
      writeDurably(machine, path, content, 0o600);
      machine.log(`${path} is new`);
    }
    if (changes.length === 0 && !exists(machine, mark)) continue;
    restart(machine, service);
    machine.remove(mark);
  }
  return all;
}

/** Takes a service's files away and lets its units see it; returns after that is on flash. */
export function clearServices(machine: Machine, services: readonly ManagedService[]): void {
  for (const service of services) {
    const present = Object.values(service.files).filter((path) => exists(machine, path));
    for (const path of present) machine.remove(path);
    const folders = new Set(present.map((path) => path.slice(0, path.lastIndexOf("/"))));
    for (const folder of folders) machine.run(["sync", folder]);
    if (present.length > 0) restart(machine, service);
  }
}
