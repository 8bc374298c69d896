import { z } from "zod";
import { DeviceApi } from "../device/device-api.ts";

/** What a device's supervisor says of it; what it does not say is absent. */
export type DeviceFacts = {
  readonly type?: string;
  readonly os?: string;
  readonly supervisor?: string;
};

const PATIENCE_MS = 3_000;
const info = z.object({ info: z.object({ deviceType: z.string() }) });
const version = z.object({ version: z.string() });
const device = z.object({ os_version: z.string() });

/** Asks a supervisor. A device in production answers nobody: then nothing is known but that it is there. */
export async function deviceFacts(base: string, signal: AbortSignal): Promise<DeviceFacts> {
  const api = new DeviceApi(base, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
  const [type, supervisor, os] = await Promise.allSettled([
    api.get("/v2/local/device-info", info),
    api.get("/v2/version", version),
    api.get("/v1/device", device),
  ]);
  signal.throwIfAborted();
  return {
    ...(type.status === "fulfilled" ? { type: type.value.info.deviceType } : {}),
    ...(os.status === "fulfilled" ? { os: os.value.os_version } : {}),
    ...(supervisor.status === "fulfilled" ? { supervisor: supervisor.value.version } : {}),
  };
}
