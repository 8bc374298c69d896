import { join } from "node:path";
import { type FirewallWish, firewallModeOf, formatDiscoverability } from "@holdfast/contracts/host";
import type { Clock } from "../clock.ts";
import type { Paths } from "../device/paths.ts";
import type { Log } from "../log.ts";
import { fleetFlag, fleetVariable } from "./fleet-variable.ts";
import { VpnSwitch } from "./vpn-switch.ts";
import { WishFile } from "./wish-file.ts";

/** What decides the wishes besides the fleet's configuration. */
export type WishFacts = Omit<FirewallWish, "mode"> & { readonly isManaged: boolean };

/** What the fleet's device configuration asks of the host: firewall, discoverability, tunnel. */
export class HostWishes {
  readonly #firewall: WishFile;
  readonly #discoverability: WishFile;
  readonly #vpn: VpnSwitch;

  constructor(paths: Pick<Paths, "hostConfigDir" | "vpnDir">, clock: Clock, log: Log) {
    this.#firewall = new WishFile(join(paths.hostConfigDir, "firewall.json"), log);
    this.#discoverability = new WishFile(join(paths.hostConfigDir, "discoverability.json"), log);
    this.#vpn = new VpnSwitch(new WishFile(join(paths.vpnDir, "disabled"), log), clock);
  }

  /** Returns when all wishes are on the disk. `config` is undefined until a target is known: what was wished before holds. */
  async put(config: Readonly<Record<string, string>> | undefined, facts: WishFacts): Promise<void> {
    const { isManaged, ...rest } = facts;
    const mode = firewallModeOf(fleetVariable(config ?? {}, "HOST_FIREWALL_MODE"));
    const firewall: FirewallWish = { mode, ...rest };
    await this.#firewall.put(`${JSON.stringify(firewall)}\n`);
    if (config === undefined) return;
    const discoverable = fleetFlag(config, "HOST_DISCOVERABILITY");
    await this.#discoverability.put(discoverable === undefined ? undefined : formatDiscoverability(discoverable));
    // Without a fleet server there is no tunnel, and nobody whose word would count.
    if (isManaged) await this.#vpn.follow(fleetFlag(config, "SUPERVISOR_VPN_CONTROL"));
  }
}
