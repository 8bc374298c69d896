import type { Updates } from "../api/v3-updates.ts";
import type { ApplyLoop } from "../apply/apply-loop.ts";
import type { SettingsStore } from "../device/settings.ts";
import type { TargetInForce } from "./target-in-force.ts";

/** What the device API shows of updates, and how it holds and releases them. */
export function updatesOf({ loop, target, settings, isHolding }: Parts): Updates {
  return {
    status: () => loop.status(),
    failureOf: (key) => loop.failureOf(key),
    isHolding: () => isHolding(target.stored()?.config ?? {}),
    waiting: () => target.waiting(),
    hold: () => settings.update({ holdUpdates: true }),
    release: async () => {
      await settings.update({ holdUpdates: false });
      return target.release();
    },
  };
}

type Parts = {
  readonly loop: Pick<ApplyLoop, "status" | "failureOf">;
  readonly target: Pick<TargetInForce, "stored" | "waiting" | "release">;
  readonly settings: Pick<SettingsStore, "update">;
  readonly isHolding: (config: Readonly<Record<string, string>>) => boolean;
};
