import { SPOKEN_SUPERVISOR_VERSION } from "@holdfast/contracts";
import { type ConfigJson, readConfigJson } from "./device/config-json.ts";
import { parseOsRelease, readFacts } from "./device/facts.ts";
import { ImageLedger } from "./device/image-ledger.ts";
import type { Paths } from "./device/paths.ts";
import { SettingsStore } from "./device/settings.ts";
import { ReleaseRecord } from "./health/release-record.ts";
import { IntentStore } from "./intent/intent-store.ts";
import type { Log } from "./log.ts";
import { TargetStore } from "./sources/target-store.ts";
import type { DeviceFacts } from "./spec/device-facts.ts";
import { readIfThere } from "./storage/durable-file.ts";

/** What the supervisor starts from: facts about the device, and its own store, which may be empty. */
export type KeptState = {
  readonly config: ConfigJson;
  readonly settings: SettingsStore;
  readonly facts: DeviceFacts;
  readonly images: ImageLedger;
  readonly store: TargetStore;
  readonly osRelease: Readonly<Record<string, string>>;
  readonly record: ReleaseRecord;
  readonly intents: IntentStore;
};

type Sources = { readonly paths: Paths; readonly log: Log };

/** Reads all of it; what is malformed is said in the log, and counts as missing. */
export async function readKeptState({ paths, log }: Sources): Promise<KeptState> {
  const config = await readConfigJson(paths.configJson, log);
  const settings = await SettingsStore.open(paths.dataDir, log);
  const name = settings.get().deviceName ?? config.initialDeviceName ?? "local";
  const read = await readFacts(paths, config, name);
  return {
    config,
    settings,
    facts: { ...read, provided: { ...read.provided, "sw.supervisor": SPOKEN_SUPERVISOR_VERSION } },
    images: await ImageLedger.open(paths.dataDir),
    store: await TargetStore.open(paths.dataDir, log),
    osRelease: parseOsRelease((await readIfThere(paths.osRelease)) ?? ""),
    record: await ReleaseRecord.open(paths.dataDir, log),
    intents: await IntentStore.open(paths.dataDir, log),
  };
}
