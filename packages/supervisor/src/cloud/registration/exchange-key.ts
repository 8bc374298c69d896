import { worldError } from "@holdfast/contracts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import { fetchDeviceRecord } from "./device-record.ts";

export type Exchange = {
  readonly http: CloudHttp;
  readonly uuid: string;
  readonly deviceKey: string;
  readonly provisioningKey: string | undefined;
  readonly signal: AbortSignal;
};

/** `unknown`: the server, asked with a key that it accepts, does not have the device. */
export type Exchanged = { readonly id: number } | "unknown";

/**
 * Sees to it that the server knows the device's key: it may already; else the provisioning key introduces it (compat 5.1).
 * @throws HoldfastError when nothing is certain, as when the server is away or denies every key.
 */
export async function exchangeKey({ http, uuid, deviceKey, provisioningKey, signal }: Exchange): Promise<Exchanged> {
  const own = await fetchDeviceRecord({ http, uuid, key: deviceKey, signal });
  if (own.known) return { id: own.id };
  if (provisioningKey === undefined) {
    throw worldError("supervisor.server-refused", {
      message: "The fleet server does not accept the device's key, and config.json has no apiKey to introduce another",
      hint: "Join the fleet again: os-config join",
    });
  }
  const seen = await fetchDeviceRecord({ http, uuid, key: provisioningKey, signal });
  if (!seen.known) {
    if (seen.why === "absent") return "unknown";
    throw worldError("supervisor.server-refused", {
      message: "The fleet server accepts neither deviceApiKey nor apiKey",
    });
  }
  const path = `/api-key/device/${seen.id}/device-key`;
  const answer = await http.ask({ method: "POST", path, key: provisioningKey, body: { apiKey: deviceKey }, signal });
  if (answer.status !== 200) throw serverRefusal("The device's key is not accepted", answer);
  return { id: seen.id };
}
