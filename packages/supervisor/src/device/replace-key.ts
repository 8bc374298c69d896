import type { KeyRing } from "./key-ring.ts";
import { freshKey, type SettingsStore } from "./settings.ts";

/**
 * Replaces the key that a request brought; without one (the device is open) the global key. Returns the new key when it
 * is on the disk. A service's container has it when it is made anew.
 */
export async function replaceKey(key: string | undefined, settings: SettingsStore, keys: KeyRing): Promise<string> {
  const owner = key === undefined ? undefined : keys.ownerOf(key);
  if (owner === undefined) {
    const globalKey = freshKey();
    await settings.update({ globalKey });
    keys.replaceGlobal(globalKey);
    return globalKey;
  }
  const { keyRenewals } = settings.get();
  const renewals = (keyRenewals[owner] ?? 0) + 1;
  await settings.update({ keyRenewals: { ...keyRenewals, [owner]: renewals } });
  const [appId = "", ...service] = owner.split("/");
  return keys.renew(Number(appId), service.join("/"), renewals);
}
