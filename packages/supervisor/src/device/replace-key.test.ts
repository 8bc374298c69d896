import { expect, it } from "vitest";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { KeyRing } from "./key-ring.ts";
import { replaceKey } from "./replace-key.ts";
import { SettingsStore } from "./settings.ts";

it("replaces the key of a request, or the global one, and remembers it", async () => {
  await using scratch = await scratchDirectory();
  const settings = await SettingsStore.open(scratch.path, recordingLog());
  const { globalKey, serviceSecret } = settings.get();
  const ring = new KeyRing(globalKey, serviceSecret);
  const service = ring.keyFor(7, "web/x");
  const renewed = await replaceKey(service, settings, ring);
  const again = await replaceKey(renewed, settings, ring);
  const global = await replaceKey(undefined, settings, ring);
  expect(await replaceKey(global, settings, ring)).not.toBe(global);
  const kept = (await SettingsStore.open(scratch.path, recordingLog())).get();
  const later = new KeyRing(kept.globalKey, kept.serviceSecret, kept.keyRenewals);
  expect(later.keyFor(7, "web/x")).toBe(again);
  for (const one of [service, renewed, global, globalKey]) {
    expect([ring.scopeOf(one), later.scopeOf(one)]).toEqual([undefined, undefined]);
  }
  expect(ring.scopeOf(again)).toEqual({ type: "app", appId: 7 });
});
