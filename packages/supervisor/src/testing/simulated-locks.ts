import type { LockFiles } from "../locks/lock-files.ts";
import type { ServiceKey } from "../locks/lock-group.ts";

const keyOf = ({ appId, service }: ServiceKey): string => `${appId}/${service}`;

/** Lock files in memory: who holds which service's lock, as `<appId>/<service>`. */
export class SimulatedLocks implements LockFiles {
  readonly users = new Set<string>();
  readonly own = new Set<string>();

  take = async (service: ServiceKey): Promise<boolean> => {
    if (this.users.has(keyOf(service))) return false;
    this.own.add(keyOf(service));
    return true;
  };

  drop = async (service: ServiceKey): Promise<void> => void this.own.delete(keyOf(service));

  breakUsers = async (service: ServiceKey): Promise<void> => void this.users.delete(keyOf(service));

  services = async (): Promise<readonly ServiceKey[]> =>
    [...this.users, ...this.own].map((key) => {
      const [appId = "", service = ""] = key.split("/");
      return { appId: Number(appId), service };
    });
}
