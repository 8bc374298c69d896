import * as z from "zod";
import { parseBoundedJson } from "../http/bounded-json.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import type { Registered } from "../registration/registration.ts";

/** A tag as the device API tells it (compat 3.2). */
export type DeviceTag = { readonly id: number; readonly name: string; readonly value: string };

const rows = z.object({ d: z.array(z.object({ id: z.int(), tag_key: z.string(), value: z.string() })) });

/** Asks the server for the device's tags. @throws HoldfastError `supervisor.server-…` */
export async function fetchTags(http: CloudHttp, device: Registered): Promise<readonly DeviceTag[]> {
  const filter = encodeURIComponent(`device/uuid eq '${device.uuid}'`);
  const path = `/v7/device_tag?$select=id,tag_key,value&$filter=${filter}`;
  const answer = await http.ask({ method: "GET", path, key: device.deviceKey });
  if (answer.status !== 200) throw serverRefusal("The device's tags cannot be fetched", answer);
  const { d } = rows.parse(parseBoundedJson(answer.body));
  return d.map(({ id, tag_key: name, value }) => ({ id, name, value }));
}
