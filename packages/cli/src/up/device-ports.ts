import type { VmSpec } from "@holdfast/vm";
import { choosePort } from "../machine/choose-port.ts";

/** Where a virtual device is reached on 127.0.0.1, as long as nobody else listens there. */
const wanted = {
  ssh: { guest: 22222, host: 22222 },
  api: { guest: 48484, host: 48484 },
  http: { guest: 80, host: 8080 },
} as const;

/** Forwarded ports of a virtual device: the usual ones, or any free ones in place of those that are taken. */
export async function devicePorts(): Promise<NonNullable<VmSpec["ports"]>> {
  const chosen = Object.entries(wanted).map(async ([name, { guest, host }]) => [
    name,
    { guest, host: await choosePort(host) },
  ]);
  return Object.fromEntries(await Promise.all(chosen));
}
