import { z } from "zod";

/** What a device's supervisor says about itself and its services. */
export type DeviceHealth = {
  readonly supervisor: "answers" | "silent";
  readonly services: readonly { readonly name: string; readonly status: string }[];
};

const stateSchema = z.object({
  containers: z.array(z.object({ serviceName: z.string(), status: z.string() })),
});

const PATIENCE_MS = 3_000;

/**
 * Asks the supervisor at `api` (its base address) for its state. A device that does not answer is `silent`, no error.
 * @throws the signal's reason when aborted
 */
export async function deviceHealth(api: string, signal: AbortSignal): Promise<DeviceHealth> {
  const get = (path: string): Promise<Response> =>
    fetch(`${api}${path}`, { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
  try {
    const ping = await get("/ping");
    if (!ping.ok) return { supervisor: "silent", services: [] };
    const state = stateSchema.safeParse(await (await get("/v2/state/status")).json());
    const services = state.success
      ? state.data.containers.map(({ serviceName, status }) => ({ name: serviceName, status }))
      : [];
    return { supervisor: "answers", services };
  } catch {
    signal.throwIfAborted();
    return { supervisor: "silent", services: [] };
  }
}
