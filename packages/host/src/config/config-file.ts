import { readFat, writeDurably, writeFat } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";
import { type HostConfig, parseHostConfig } from "./host-config.ts";

const CONFIG_JSON = "/mnt/boot/config.json";
/** Secrets are in it: 0600, like the boot partition itself. */
const LAST_GOOD = "/mnt/state/config.json";
const DEVICE_TYPE = "/mnt/boot/device-type.json";

export type LoadedConfig = {
  readonly text: string;
  readonly config: HostConfig;
  /** The file itself says so; otherwise it is broken, and stays as it is for its owner to repair. */
  readonly fromFile: boolean;
};

function report(machine: Machine, text: string, fromFile: boolean): LoadedConfig | undefined {
  const parsed = parseHostConfig(text);
  if (!parsed.ok) {
    machine.log(`config.json is not valid, nothing was changed: ${parsed.reason}`);
    return undefined;
  }
  for (const { key, reason } of parsed.problems) machine.log(`config.json: ${key} is ignored: ${reason}`);
  return { text, config: parsed.config, fromFile };
}

function factoryConfig(machine: Machine): string {
  let deviceType = "unknown";
  try {
    const known = JSON.parse(machine.readText(DEVICE_TYPE) ?? "{}") as { readonly slug?: unknown };
    if (typeof known.slug === "string") deviceType = known.slug;
  } catch {
    machine.log(`${DEVICE_TYPE} is not valid JSON`);
  }
  return `${JSON.stringify({ deviceType, persistentLogging: false })}\n`;
}

/** A missing file is put back: from what an interrupted write left, else the last good copy, else factory defaults. */
function restore(machine: Machine): string {
  const interrupted = readFat(machine, CONFIG_JSON);
  const kept = machine.readText(LAST_GOOD);
  const usable = (text: string | undefined): text is string => text !== undefined && parseHostConfig(text).ok;
  const text = [interrupted, kept].find(usable) ?? factoryConfig(machine);
  machine.log(
    text === interrupted
      ? "config.json was missing: finished the interrupted write"
      : text === kept
        ? "config.json was missing: restored the last good copy"
        : "config.json is missing and there is no copy: factory defaults",
  );
  writeFat(machine, CONFIG_JSON, text);
  return text;
}

/**
 * config.json as the device should follow it. While booting, a missing file is restored and an invalid one is passed
 * over for the last good copy (the file stays for its owner to repair); later, an invalid file means: change nothing.
 */
export function loadConfig(machine: Machine, booting: boolean): LoadedConfig | undefined {
  const present = machine.readText(CONFIG_JSON);
  if (present === undefined && !booting) {
    machine.log("config.json is gone: nothing was changed");
    return undefined;
  }
  const loaded = report(machine, present ?? restore(machine), true);
  if (loaded !== undefined || !booting) return loaded;
  machine.log("following the last good config.json");
  return report(machine, machine.readText(LAST_GOOD) ?? "{}", false);
}

/** Gives a device without uuid one, once for its life; returns after it is on flash. Other keys stay as they are. */
export function ensureUuid(machine: Machine, loaded: LoadedConfig): LoadedConfig {
  const stored = JSON.parse(loaded.text.replace(/^\uFEFF/, "")) as Record<string, unknown>;
  // A uuid that is there but malformed is not ours to replace: the device may be registered under it.
  if (!loaded.fromFile) return loaded;
  if (stored["uuid"] !== undefined && stored["uuid"] !== null && stored["uuid"] !== "") return loaded;
  const uuid = (machine.readText("/proc/sys/kernel/random/uuid") ?? "").trim().replaceAll("-", "");
  const text = `${JSON.stringify({ ...stored, uuid }, undefined, 2)}\n`;
  writeFat(machine, CONFIG_JSON, text);
  machine.log(`made this device's uuid: ${uuid}`);
  return { text, config: { ...loaded.config, uuid }, fromFile: true };
}

/** Keeps a copy of what was understood, for the day when the file is lost. */
export function keepLastGood(machine: Machine, { text, fromFile }: LoadedConfig): void {
  if (fromFile && machine.readText(LAST_GOOD) !== text) writeDurably(machine, LAST_GOOD, text, 0o600);
}
