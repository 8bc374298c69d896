import * as z from "zod";
import { parseBoundedJson } from "../http/bounded-json.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";

const rows = z.object({ d: z.array(z.object({ id: z.int() })) });

/** What a server says of a device to the holder of a key: `denied` when the key itself is not accepted. */
export type DeviceRecord =
  | { readonly known: true; readonly id: number }
  | { readonly known: false; readonly why: "absent" | "denied" };

export type RecordRequest = {
  readonly http: CloudHttp;
  readonly uuid: string;
  readonly key: string;
  readonly signal: AbortSignal;
};

/** Path of a device, by uuid, in the server's data model (compat 5.1). */
export const devicePath = (uuid: string): string => `/v7/device(uuid='${encodeURIComponent(uuid)}')`;

/**
 * Asks whether the server knows the device, with one key.
 * @throws HoldfastError `supervisor.server-unreachable`, `-refused`, `-answer-unusable`: then nothing is known.
 */
export async function fetchDeviceRecord({ http, uuid, key, signal }: RecordRequest): Promise<DeviceRecord> {
  const answer = await http.ask({ method: "GET", path: `${devicePath(uuid)}?$select=id`, key, signal });
  if (answer.status === 401 || answer.status === 403) return { known: false, why: "denied" };
  if (answer.status === 404) return { known: false, why: "absent" };
  if (answer.status !== 200) throw serverRefusal("The device cannot be looked up", answer);
  const parsed = rows.safeParse(parseBoundedJson(answer.body));
  if (!parsed.success) throw serverRefusal("The device cannot be looked up", answer);
  const [first] = parsed.data.d;
  return first === undefined ? { known: false, why: "absent" } : { known: true, id: first.id };
}
