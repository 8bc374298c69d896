import type { DeviceActions } from "./api/actions/device-actions.ts";
import type { ApplyLoop } from "./apply/apply-loop.ts";
import type { FleetSide } from "./cloud/fleet-side.ts";
import type { KeyRing } from "./device/key-ring.ts";
import { replaceKey } from "./device/replace-key.ts";
import type { SettingsStore } from "./device/settings.ts";
import type { Engine } from "./engine/engine.ts";
import type { HostActions } from "./host/host-actions.ts";

/** What the device API may do, by those who do it. */
export function deviceActions({ engine, loop, host, fleet, settings, keys }: Parts): DeviceActions {
  return {
    status: () => loop.status(),
    carryOut: (intent, options) => loop.carryOut(intent, options),
    reboot: (options) => host.reboot(options),
    shutdown: (options) => host.shutdown(options),
    update: ({ force, cancel }) => {
      const isTaken = force || fleet.config().instantUpdates;
      if (isTaken) loop.retry({ force, cancel });
      if (isTaken) fleet.cloud()?.poke({ force, cancel });
      return isTaken;
    },
    replaceKey: (key) => replaceKey(key, settings, keys),
    environmentOf: (id) => engine.environmentOf(id),
    removeVolume: (name) => engine.removeVolume(name),
  };
}

type Parts = {
  readonly engine: Engine;
  readonly loop: ApplyLoop;
  readonly host: HostActions;
  readonly fleet: FleetSide;
  readonly settings: SettingsStore;
  readonly keys: KeyRing;
};
