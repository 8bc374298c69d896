import { writeDurably, writeFat } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { CONFIG_JSON } from "./config-path.ts";
import { type HostConfig, type ParsedConfig, parseHostConfig, valueAt, withValueAt } from "./host-config.ts";
import { parseJson } from "./json-text.ts";
import { configKeys } from "./keys/config-keys.ts";
import { isObject, type Json } from "./keys/value-parsers.ts";

export { CONFIG_JSON };
/** Secrets are in it: 0600, like the boot partition itself. */
export const LAST_GOOD = "/mnt/state/config.json";
/** What an interrupted `writeFat` may leave. */
const UNFINISHED = `${CONFIG_JSON}.new`;
const DEVICE_TYPE = "/mnt/boot/device-type.json";

export type LoadedConfig = {
  readonly text: string;
  readonly config: HostConfig;
  /** Dotted keys whose value cannot be used. */
  readonly invalid: readonly string[];
  /**
   * `file`: what the file says. `copy`: the file is broken, and stays as it is for its owner. `unwritten`: it is lost and
   * cannot be put back now, as when the boot partition is missing.
   */
  readonly source: "file" | "copy" | "unwritten";
};

const jsonOf = (text: string): Json => {
  const parsed = parseJson(text);
  return parsed.ok && isObject(parsed.value) ? parsed.value : {};
};

/** What the keys said when they were last understood. */
function formerConfig(machine: Machine): HostConfig | undefined {
  const parsed = parseHostConfig(machine.readText(LAST_GOOD) ?? "");
  return parsed.ok ? parsed.config : undefined;
}

type Report = (line: string) => void;

function report(parsed: ParsedConfig, log: Report): void {
  if (!parsed.ok) {
    log(`config.json is not valid, nothing was changed: ${parsed.reason}`);
    return;
  }
  for (const { key, reason } of parsed.problems) log(`config.json: ${key} is ignored: ${reason}`);
}

function factoryConfig(machine: Machine): string {
  const { slug } = jsonOf(machine.readText(DEVICE_TYPE) ?? "");
  const deviceType = typeof slug === "string" ? slug : "unknown";
  if (deviceType === "unknown") machine.log(`${DEVICE_TYPE} names no device type`);
  return `${JSON.stringify({ deviceType, persistentLogging: false })}\n`;
}

/**
 * Whether nothing is in the file that its owner could repair: it is missing, or a power cut during somebody's write left
 * nothing or noughts.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: FAT leaves noughts
export const isLost = (text: string | undefined): text is undefined => text === undefined || /^[\s\u0000]*$/.test(text);

/** A lost file is put back: from what an interrupted write left, else the last good copy, else factory defaults. */
function restore(machine: Machine): LoadedConfig {
  const unfinished = machine.readText(UNFINISHED);
  const kept = machine.readText(LAST_GOOD);
  const usable = (text: string | undefined): text is string => text !== undefined && parseHostConfig(text).ok;
  const text = [unfinished, kept].find(usable) ?? factoryConfig(machine);
  machine.log(
    text === unfinished
      ? "config.json was lost: finished the interrupted write"
      : text === kept
        ? "config.json was lost: restored the last good copy"
        : "config.json is lost and there is no copy: factory defaults",
  );
  let source: LoadedConfig["source"] = "file";
  try {
    writeFat(machine, CONFIG_JSON, text);
  } catch (error) {
    source = "unwritten";
    machine.log(`config.json cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = parseHostConfig(text, formerConfig(machine));
  // All three candidates were parsed before.
  return parsed.ok ? { ...parsed, text, source } : followLastGood(machine);
}

/** The last good copy in place of a broken file; on a device that never had one, a configuration without any key. */
function followLastGood(machine: Machine): LoadedConfig {
  const kept = parseHostConfig(machine.readText(LAST_GOOD) ?? "{}");
  const parsed = kept.ok ? kept : parseHostConfig("{}");
  if (!parsed.ok) throw new Error(parsed.reason);
  return { ...parsed, text: "{}", source: "copy" };
}

/**
 * config.json as a device that boots should follow it. A lost file is restored; an invalid one is passed over for the
 * last good copy, and stays for its owner to repair.
 */
export function loadAtBoot(machine: Machine): LoadedConfig {
  const text = machine.readText(CONFIG_JSON);
  if (isLost(text)) return restore(machine);
  const parsed = parseHostConfig(text, formerConfig(machine));
  report(parsed, machine.log);
  if (parsed.ok) {
    // Once the file is whole, what a cut left beside it is out of date.
    if (exists(machine, UNFINISHED)) machine.remove(UNFINISHED);
    return { ...parsed, text, source: "file" };
  }
  machine.log("following the last good config.json");
  return followLastGood(machine);
}

/** Understands a changed config.json; undefined, after a report, when nothing must change. */
export function readChange(machine: Machine, text: string | undefined, log: Report): LoadedConfig | undefined {
  if (isLost(text)) {
    log("config.json is gone: nothing was changed; it is restored at the next boot");
    return undefined;
  }
  const parsed = parseHostConfig(text, formerConfig(machine));
  report(parsed, log);
  return parsed.ok ? { ...parsed, text, source: "file" } : undefined;
}

/**
 * The uuid of before, when it was only left out: with the same device key, it is the same device to its server. A device
 * that is set up anew, with another key or none, becomes another one.
 */
function formerUuid(machine: Machine, { config }: LoadedConfig): string | undefined {
  const former = formerConfig(machine);
  return former?.deviceApiKey === config.deviceApiKey ? former?.uuid : undefined;
}

/** Gives a device without uuid one, once for its life; returns after it is on flash. Other keys stay as they are. */
export function ensureUuid(machine: Machine, loaded: LoadedConfig): LoadedConfig {
  if (loaded.source !== "file") return loaded;
  const stored = jsonOf(loaded.text);
  // A uuid that is there but malformed is not ours to replace: the device may be registered under it.
  if (stored["uuid"] !== undefined && stored["uuid"] !== null && stored["uuid"] !== "") return loaded;
  const former = formerUuid(machine, loaded);
  const random = (machine.readText("/proc/sys/kernel/random/uuid") ?? "").trim().replaceAll("-", "");
  const uuid = former ?? random;
  const text = `${JSON.stringify({ ...stored, uuid }, undefined, 2)}\n`;
  writeFat(machine, CONFIG_JSON, text);
  machine.log(former === undefined ? `made this device's uuid: ${uuid}` : `put this device's uuid back: ${uuid}`);
  return { ...loaded, text, config: { ...loaded.config, uuid } };
}

/** The text, with what the former copy says where a value cannot be used. Pure. */
function goodText({ text, invalid }: LoadedConfig, former: string): string {
  if (invalid.length === 0) return text;
  const before = jsonOf(former);
  const keys = Object.values(configKeys).filter(({ key }) => invalid.includes(key));
  const good = keys.reduce(
    (json, { key, whenInvalid }) => withValueAt(json, key, whenInvalid === "former" ? valueAt(before, key) : undefined),
    jsonOf(text),
  );
  return `${JSON.stringify(good, undefined, 2)}\n`;
}

/** Keeps a copy of what was understood, for the day when the file is lost or a value cannot be used. */
export function keepLastGood(machine: Machine, loaded: LoadedConfig): void {
  const former = machine.readText(LAST_GOOD) ?? "";
  if (loaded.source !== "file") return;
  const text = goodText(loaded, former);
  if (former !== text) writeDurably(machine, LAST_GOOD, text, 0o600);
}
