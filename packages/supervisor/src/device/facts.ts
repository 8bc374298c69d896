import { access } from "node:fs/promises";
import { hostname, release } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import type { DeviceFacts } from "../spec/device-facts.ts";
import { readIfThere } from "../storage/durable-file.ts";
import type { Provided } from "../target/unmet-requirements.ts";
import type { ConfigJson } from "./config-json.ts";
import { listenPort, type Paths } from "./paths.ts";

const deviceTypeJson = z.object({ slug: z.string().default("unknown"), arch: z.string().optional() });

/** How fleets name CPU architectures, by Node's names; for devices without device-type.json. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "aarch64", arm: "armv7hf" };
/** A nameless device is called by this many characters of its uuid. */
const SHORT_UUID = 7;
/** The kernel makes another one at each boot; containers see the host's. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Gathers what containers are told of the device, from the boot partition and the host's root. */
export async function readFacts(paths: Paths, config: ConfigJson, name: string): Promise<DeviceFacts> {
  const [deviceType, osRelease, bootId, hasKernelModules, hasFirmware] = await Promise.all([
    readDeviceType(paths.deviceType),
    readIfThere(paths.osRelease).then((content) => parseOsRelease(content ?? "")),
    readIfThere(BOOT_ID).then((content) => (content ?? "").trim()),
    exists(join(paths.rootMount, "lib/modules")),
    exists(join(paths.rootMount, "lib/firmware")),
  ]);
  const uuid = config.uuid ?? "";
  const slug = config.deviceType ?? deviceType.slug;
  return {
    uuid,
    name,
    hostname: config.hostname ?? shortName(uuid),
    deviceType: slug,
    arch: deviceType.arch,
    osVersion: osRelease["PRETTY_NAME"] ?? "",
    boardRevision: osRelease["BALENA_BOARD_REV"] ?? osRelease["RESIN_BOARD_REV"] ?? "",
    apiEndpoint: config.apiEndpoint ?? "",
    deviceApiKey: config.deviceApiKey ?? "",
    listenPort: listenPort(paths, config.listenPort),
    engineSocket: paths.engineSocket,
    runtimeDir: paths.runtimeDir,
    hasKernelModules,
    hasFirmware,
    bootId,
    provided: { ...providedBySystem(osRelease, release()), "hw.device-type": slug, "arch.sw": deviceType.arch },
  };
}

/** What contracts may ask of kernel and operating system; NVIDIA's L4T tells itself in the kernel's name. */
export function providedBySystem(osRelease: Readonly<Record<string, string>>, kernel: string): Provided {
  const os = osRelease["VERSION_ID"] ?? osRelease["VERSION"];
  const l4t = /-l4t-r(\d+\.\d+(?:\.\d+)?)/.exec(kernel)?.[1];
  return {
    "sw.kernel": kernel,
    ...(os === undefined ? {} : { "sw.os": os }),
    ...(l4t === undefined ? {} : { "sw.l4t": l4t }),
  };
}

/** What a device without a name of its own is called; without a uuid, as the machine that this runs on. */
export const shortName = (uuid: string): string => (uuid === "" ? hostname() : uuid.slice(0, SHORT_UUID));

/** os-release's assignments, quotes removed. */
export function parseOsRelease(content: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of content.split("\n")) {
    const match = /^([A-Z0-9_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim());
    if (match !== null) values[match[1] ?? ""] = match[2] ?? match[3] ?? match[4] ?? "";
  }
  return values;
}

async function readDeviceType(path: string): Promise<{ readonly slug: string; readonly arch: string }> {
  const arch = ARCHITECTURES[process.arch] ?? process.arch;
  const content = await readIfThere(path);
  try {
    const { slug, arch: written } = deviceTypeJson.parse(JSON.parse(content ?? "{}"));
    return { slug, arch: written ?? arch };
  } catch {
    return { slug: "unknown", arch };
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
