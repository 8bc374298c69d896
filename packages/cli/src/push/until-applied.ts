import { setTimeout as sleep } from "node:timers/promises";
import { HoldfastError, type Step, worldError } from "@holdfast/contracts";
import { z } from "zod";
import type { DeviceApi } from "../device/device-api.ts";
import { LOCAL_APP, LOCAL_COMMIT } from "./local-target.ts";

const ASK_EVERY_MS = 500;
/** A service that fails is tried again by the device; what has failed for so long will not come right by itself. */
const FAILING_MS = 15_000;
/** A device whose network or supervisor restarts comes back within this time. */
const SILENT_MS = 30_000;

const updatesSchema = z.object({
  apps: z.array(
    z.object({
      appId: z.number(),
      rejected: z.object({ reason: z.string() }).nullish(),
      services: z.record(z.string(), z.object({ waitsFor: z.string().nullable(), failure: z.string().nullable() })),
    }),
  ),
});
const statusSchema = z.object({
  appState: z.string(),
  release: z.string().optional(),
  overallDownloadProgress: z.number().nullish(),
  containers: z.array(z.object({ serviceName: z.string(), status: z.string(), appId: z.number() })),
});
type Updates = z.infer<typeof updatesSchema>;
type Status = z.infer<typeof statusSchema>;

/**
 * Waits until the device runs what was pushed. @returns status by service
 * @throws `cli.service-not-running`
 */
export async function untilApplied(
  api: Pick<DeviceApi, "get">,
  step: Step,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const failing = new Map<string, number>();
  let heardAt = Date.now();
  for (;;) {
    try {
      const updates = await api.get("/v3/updates", updatesSchema);
      const status = await api.get("/v2/state/status", statusSchema);
      heardAt = Date.now();
      const running = judge(updates, status, failing, heardAt);
      if (running !== undefined) return running;
      step.update(0, 0, describe(updates, status));
    } catch (error) {
      if (!isUnreachable(error) || Date.now() - heardAt > SILENT_MS) throw error;
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

/** Services and their status once all is applied; undefined before. `failing` remembers since when each fails. */
function judge(
  { apps }: Updates,
  status: Status,
  failing: Map<string, number>,
  now: number,
): Map<string, string> | undefined {
  const app = apps.find(({ appId }) => appId === Number(LOCAL_APP));
  if (app?.rejected != null) throw notRunning(`The device rejects the app: ${app.rejected.reason}.`);
  for (const [service, { failure }] of Object.entries(app?.services ?? {})) {
    if (failure === null) failing.delete(service);
    else if (now - (failing.get(service) ?? now) > FAILING_MS) {
      throw notRunning(`Service "${service}" does not run: ${failure.replace(/\.$/, "")}.`);
    } else failing.set(service, failing.get(service) ?? now);
  }
  if (status.appState !== "applied" || status.release !== LOCAL_COMMIT || failing.size > 0) return undefined;
  const own = status.containers.filter(({ appId }) => appId === Number(LOCAL_APP));
  return new Map(own.map(({ serviceName, status: word }) => [serviceName, word]));
}

function describe({ apps }: Updates, { overallDownloadProgress }: Status): string {
  const app = apps.find(({ appId }) => appId === Number(LOCAL_APP));
  const notes = Object.entries(app?.services ?? {}).flatMap(([service, { waitsFor, failure }]) => {
    const why = failure ?? waitsFor;
    return why === null ? [] : [`${service}: ${why}`];
  });
  return [...(overallDownloadProgress == null ? [] : [`downloading, ${overallDownloadProgress} %`]), ...notes].join(
    ", ",
  );
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof HoldfastError && error.code === "cli.unreachable-device";

function notRunning(message: string): Error {
  return worldError("cli.service-not-running", {
    message,
    hint: "The device keeps trying. ./holdfast logs shows what the service says; push again once it is corrected.",
  });
}
