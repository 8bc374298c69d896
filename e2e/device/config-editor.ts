import { expect, vi } from "vitest";
import type { Device } from "./device.ts";

/** What no edit may restart, unless it says so. */
const UNITS = [
  "NetworkManager",
  "ModemManager",
  "dnsmasq",
  "chrony",
  "avahi-daemon",
  "balena",
  "balena-supervisor",
  "dbus",
  "systemd-journald",
] as const;
type UnitName = (typeof UNITS)[number];

/**
 * For an emulated device beside other work. That a change is followed within ten seconds is measured once, on the
 * device; here it matters what comes of it.
 */
export const soon = { timeout: 60_000, interval: 500 };

/** Edits config.json as tools do: the new file comes from another filesystem, so that `mv` copies it onto FAT. */
export async function editConfig(device: Device, filter: string): Promise<void> {
  const quoted = `'${filter.replaceAll("'", "'\\''")}'`;
  await device.shell(
    `tmp=$(mktemp) && jq ${quoted} /mnt/boot/config.json >$tmp && mv $tmp /mnt/boot/config.json && sync -f /mnt/boot`,
  );
}

/** Tools wait until the unit is inactive after an edit. */
export async function untilFollowed(device: Device, patience = soon): Promise<void> {
  const state = async (): Promise<string> => (await device.attempt("systemctl is-active config-json")).stdout.trim();
  // Not `expect.poll`: set-ups wait, too, and that one works within tests only.
  await vi.waitFor(async () => expect(await state()).toBe("inactive"), patience);
}

/** Polls a command line until it says so. */
export async function untilSays(device: Device, command: string, said: string | RegExp): Promise<void> {
  await vi.waitFor(async () => {
    const output = (await device.attempt(command)).stdout.trim();
    if (typeof said === "string") expect(output).toBe(said);
    else expect(output).toMatch(said);
  }, soon);
}

/** Main processes of the units that edits should leave alone. */
async function mainPids(device: Device): Promise<Record<UnitName, string>> {
  const lines = await device.shell(`for unit in ${UNITS.join(" ")}; do systemctl show -P MainPID $unit; done`);
  const pids = lines.split("\n");
  return Object.fromEntries(UNITS.map((unit, index) => [unit, pids[index] ?? ""])) as Record<UnitName, string>;
}

/** Runs what edits the configuration, and checks that it restarted these units and none besides. */
export async function restartsOnly(
  device: Device,
  restarted: readonly UnitName[],
  edit: () => Promise<void>,
): Promise<void> {
  const before = await mainPids(device);
  await edit();
  await untilFollowed(device);
  const after = await mainPids(device);
  expect(UNITS.filter((unit) => before[unit] !== after[unit])).toEqual([...restarted]);
}

/** The journal's end; what a unit says after it is what a test caused. */
export async function journalEnd(device: Device): Promise<string> {
  await device.shell("journalctl --sync");
  return await device.shell("journalctl -n 0 --show-cursor | sed -n 's/^-- cursor: //p'");
}

export async function journalSince(device: Device, cursor: string, unit: string): Promise<string> {
  await device.shell("journalctl --sync");
  return await device.shell(`journalctl -o cat -u ${unit} --after-cursor='${cursor}'`);
}
