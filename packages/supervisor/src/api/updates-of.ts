import type { ApplyLoop } from "../apply/apply-loop.ts";
import type { SettingsStore } from "../device/settings.ts";
import { holdsUpdates } from "../target/holds-updates.ts";
import type { TargetInForce } from "../target/target-in-force.ts";
import type { Updates } from "./v3-updates.ts";

/** What the routes on updates ask for, of the parts of the supervisor that know. */
export function updatesOf(parts: {
  readonly loop: Pick<ApplyLoop, "status" | "failureOf">;
  readonly target: Pick<TargetInForce, "stored" | "waiting" | "release">;
  readonly settings: Pick<SettingsStore, "get" | "update">;
}): Updates {
  const { loop, target, settings } = parts;
  return {
    status: () => loop.status(),
    failureOf: (key) => loop.failureOf(key),
    isHolding: () => settings.get().holdUpdates || holdsUpdates(target.stored()?.config ?? {}),
    waiting: () => target.waiting(),
    hold: () => settings.update({ holdUpdates: true }),
    release: async () => {
      await settings.update({ holdUpdates: false });
      return target.release();
    },
  };
}
