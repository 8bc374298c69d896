import type { Connections } from "@holdfast/contracts/host";
import { connectionsFolder } from "../connections/boot-folder.ts";
import { encodeUtf8 } from "../connections/utf8.ts";
import { writeBytesDurably, writeFat } from "../machine/durable.ts";
import { exists, type Machine } from "../machine/machine.ts";
import type { ActiveLink } from "./trial.ts";

const { from: BOOT, to: FOLDER } = connectionsFolder;

/** What the files of these names hold now. */
export function readFiles(machine: Machine, names: readonly string[]): Connections {
  return Object.fromEntries(names.map((name) => [name, machine.readText(`${FOLDER}/${name}`) ?? null]));
}

/** Brings files to what is given; those that are so already are not touched. Returns after they are flushed. */
export function writeFiles(machine: Machine, files: Connections): void {
  for (const [name, text] of Object.entries(files)) {
    const path = `${FOLDER}/${name}`;
    if ((machine.readText(path) ?? null) === text) continue;
    if (text !== null) writeBytesDurably(machine, path, encodeUtf8(text), 0o600);
    else {
      machine.remove(path);
      machine.run(["sync", FOLDER]);
    }
  }
}

/** Files of the boot partition are copied over the device's at each boot: those of the same names follow the change. */
export function writeBootFiles(machine: Machine, files: Connections): void {
  for (const [name, text] of Object.entries(files)) {
    const path = `${BOOT}/${name}`;
    if (!exists(machine, path)) continue;
    if (text !== null) writeFat(machine, path, text);
    else {
      machine.remove(path);
      machine.run(["sync", BOOT]);
    }
  }
}

const nmcli = (machine: Machine, ...args: readonly string[]): { readonly status: number; readonly output: string } =>
  machine.run(["nmcli", "--terse", "--escape", "no", ...args], { env: { LC_ALL: "C.UTF-8" }, quiet: true });

const rows = (output: string): readonly (readonly [string, string])[] =>
  output.split("\n").flatMap((line): (readonly [string, string])[] => {
    const at = line.indexOf(":");
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });

/** Connections that are up on a device, except the loopback's. */
export function activeLinks(machine: Machine): readonly ActiveLink[] {
  return rows(nmcli(machine, "--fields", "UUID,DEVICE", "connection", "show", "--active").output)
    .filter(([, device]) => device !== "" && device !== "lo")
    .map(([uuid, device]) => ({ uuid, device }));
}

/** Uuids of the connections that NetworkManager has read from these files. */
export function uuidsOf(machine: Machine, names: readonly string[]): readonly string[] {
  const known = rows(nmcli(machine, "--fields", "UUID,FILENAME", "connection", "show").output);
  return known.filter(([, path]) => names.some((name) => path === `${FOLDER}/${name}`)).map(([uuid]) => uuid);
}

export const reload = (machine: Machine): void => {
  nmcli(machine, "connection", "reload");
};

/** Brings a connection up, also when it is up with former settings. */
export const bringUp = (machine: Machine, uuid: string, waitSeconds: number): boolean =>
  nmcli(machine, "--wait", String(waitSeconds), "connection", "up", "uuid", uuid).status === 0;

const WAIT_SECONDS = 30;

/** Brings up what was up before. What does not come by its name comes by its device, or with a new NetworkManager. */
export function bringBack(machine: Machine, links: readonly ActiveLink[]): void {
  const missing = links.filter(
    ({ uuid, device }) =>
      !bringUp(machine, uuid, WAIT_SECONDS) &&
      nmcli(machine, "--wait", String(WAIT_SECONDS), "device", "connect", device).status !== 0,
  );
  if (missing.length === 0) return;
  machine.log(`${missing.map(({ device }) => device).join(", ")}: not up yet; NetworkManager is restarted`);
  machine.run(["systemctl", "restart", "NetworkManager.service"]);
}
