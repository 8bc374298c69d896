import * as z from "zod";
import type { Log } from "../../log.ts";
import { parseBoundedJson } from "../http/bounded-json.ts";
import type { CloudAnswer, CloudHttp, CloudRequest } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import { devicePath } from "./device-record.ts";
import type { Registered } from "./registration.ts";

export type Introducing = {
  readonly http: CloudHttp;
  readonly device: Registered;
  readonly log: Log;
  readonly signal: AbortSignal;
};

const releases = z.object({ d: z.array(z.object({ id: z.int() })) });
/** A variable that is there already is as good as one that was made. */
const CONFLICT = 409;
/** Older servers, and all that exist, know device variables by this prefix (compat 5.1). */
const PREFIX = "RESIN_";

/** Tells the server the name that the device was given before it was registered. */
export async function introduceName(introducing: Introducing, name: string): Promise<void> {
  const { device } = introducing;
  await change(introducing, { method: "PATCH", path: devicePath(device.uuid), body: { device_name: name } });
}

/** Tells the server the device variables that it is to take over from the device. */
export async function introduceVariables(
  introducing: Introducing,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, value] of Object.entries(variables)) {
    const body = { device: introducing.device.deviceId, name: PREFIX + name, value };
    await change(introducing, { method: "POST", path: "/v7/device_config_variable", body });
  }
}

/** Tells the server to keep the device at a release; one that the server does not have is logged and let go. */
export async function introducePin(
  introducing: Introducing,
  pin: { readonly appId: number; readonly commit: string },
): Promise<void> {
  const { http, device, log, signal } = introducing;
  const filter = `belongs_to__application eq ${pin.appId} and commit eq '${pin.commit}' and status eq 'success'`;
  const path = `/v7/release?$select=id&$filter=${encodeURIComponent(filter)}`;
  const answer = await http.ask({ method: "GET", path, key: device.deviceKey, signal });
  if (answer.status !== 200) throw serverRefusal("The preloaded release cannot be looked up", answer);
  const [release] = releases.parse(parseBoundedJson(answer.body)).d;
  if (release === undefined) {
    log.error(`The device is not pinned: the fleet server has no release ${pin.commit} of app ${pin.appId}`);
    return;
  }
  const body = { is_pinned_on__release: release.id };
  await change(introducing, { method: "PATCH", path: devicePath(device.uuid), body });
}

async function change(
  { http, device, signal }: Introducing,
  ask: Pick<CloudRequest, "method" | "path" | "body">,
): Promise<void> {
  const answer = await http.ask({ ...ask, key: device.deviceKey, signal });
  if (!isDone(answer)) throw serverRefusal(`${ask.method} ${ask.path.split("?")[0]}`, answer);
}

function isDone({ status }: CloudAnswer): boolean {
  return (status >= 200 && status < 300) || status === CONFLICT;
}
