import { type Answer, failure } from "../answer.ts";
import { findApp } from "./app-on-device.ts";
import type { DeviceActions } from "./device-actions.ts";

/** Removes an app's data and makes the app anew; undefined when it is done, else why it is not begun. */
export async function purgeApp(actions: DeviceActions, appId: number, force: boolean): Promise<Answer | undefined> {
  const app = findApp(actions.status(), appId);
  if (app === undefined) return { status: 404, text: "App not found" };
  // What runs would be gone, and what replaces it not yet here.
  if (!app.isDownloaded)
    return failure(503, "The release of the app is still being downloaded; purge it when it is there");
  await actions.carryOut({ do: "purge", appId, appUuid: app.target.uuid }, { force });
  return undefined;
}
