import { fnv64 } from "../engine/fnv64.ts";
import { writeBytesDurably } from "../machine/durable.ts";
import type { Machine } from "../machine/machine.ts";
import { whatNetworkManagerRefuses } from "./ask-network-manager.ts";
import {
  type BootFolder,
  connectionsFolder,
  dispatcherFolder,
  type Found,
  hasBootPartition,
  readCopy,
  readFolder,
  sameBytes,
} from "./boot-folder.ts";
import { duplicates, type Judgement, judgeConnection, judgeDispatcher } from "./judge-file.ts";
import { decodeUtf8 } from "./utf8.ts";

/** resin-state has 128 MiB, and the rest of the device needs it. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Which files this boot has followed or reported. */
const SEEN = "/run/holdfast/connections-seen";

/** What one look at the boot partition found. */
export type Look = { readonly connections: readonly Found[]; readonly programs: readonly Found[] };

export const look = (machine: Machine): Look => ({
  connections: readFolder(machine, connectionsFolder),
  programs: readFolder(machine, dispatcherFolder),
});

const markOf = ({ name, kind, bytes }: Found): string => `${name} ${kind} ${fnv64(bytes ?? [])}`;
const fingerprint = ({ connections, programs }: Look): string => [...connections, ...programs].map(markOf).join("\n");
export const wasSeen = (machine: Machine, seen: Look): boolean => machine.readText(SEEN) === fingerprint(seen);

function markSeen(machine: Machine, seen: Look): void {
  machine.makeDirectory("/run/holdfast");
  machine.writeText(SEEN, fingerprint(seen), 0o600);
}

/** Copies what differs. @returns names of files that were written. */
function copyAll(
  machine: Machine,
  folder: BootFolder,
  judged: readonly Judgement[],
  isNew: (name: string) => boolean,
): readonly string[] {
  const where = folder.from.slice("/mnt/boot/".length);
  const tell = (name: string, remark: string): void => machine.log(`${where}/${name}: ${remark}`);
  const written: string[] = [];
  let total = 0;
  for (const { name, content, isConnection, remarks } of judged) {
    if (isNew(name)) for (const remark of remarks) tell(name, remark);
    if (content === undefined) continue;
    total += content.length;
    if (total > MOST_BYTES) {
      tell(name, `more than ${MOST_BYTES / 1024 / 1024} MiB in this folder: not copied`);
      continue;
    }
    if (sameBytes(readCopy(machine, folder, name, content.length), content)) continue;
    const refusal = isConnection ? whatNetworkManagerRefuses(machine, decodeUtf8(content) ?? "") : undefined;
    if (refusal !== undefined) {
      tell(name, `${refusal}: not copied`);
      continue;
    }
    try {
      writeBytesDurably(machine, `${folder.to}/${name}`, content, folder.mode);
      tell(name, "copied");
      written.push(name);
    } catch (error) {
      tell(name, `cannot be copied: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return written;
}

/** NetworkManager passes over connections that others may read, and over programs that others may write. */
function settleModes(machine: Machine, { to, mode }: BootFolder): void {
  if ((machine.list(to) ?? []).length === 0) return;
  const octal = mode.toString(8);
  machine.run(["find", to, "-maxdepth", "1", "-type", "f", "!", "-perm", octal, "-exec", "chmod", octal, "{}", "+"]);
}

/** NetworkManager reads connections when it starts, and when it is told. */
function tellNetworkManager(machine: Machine): void {
  if (machine.run(["systemctl", "is-active", "--quiet", "NetworkManager.service"]).status !== 0) return;
  const { status } = machine.run(["nmcli", "connection", "reload"]);
  machine.log(
    status === 0
      ? "NetworkManager has read the connections anew; a link that is up keeps what it has until it is brought up again"
      : `NetworkManager did not read the connections anew: nmcli ended with status ${status}`,
  );
}

/**
 * Gives NetworkManager copies of the keyfiles and dispatcher programs of the boot partition; returns after they are on
 * flash. What is removed from the boot partition keeps its copy. Each file stands for itself: one that is broken or
 * cannot be copied is reported, and keeps the others from nothing.
 */
export function followBootPartition(machine: Machine, seen: Look): void {
  const connections = seen.connections.map((found) => judgeConnection(found, connectionsFolder));
  const programs = seen.programs.map((found) => judgeDispatcher(found, dispatcherFolder));
  // What was reported once in this boot is not repeated for the sake of another file.
  const reported = new Set((machine.readText(SEEN) ?? "").split("\n"));
  const isNewIn = (all: readonly Found[]) => {
    const names = new Set(all.filter((found) => !reported.has(markOf(found))).map(({ name }) => name));
    return (name: string): boolean => names.has(name);
  };
  const changed = copyAll(machine, connectionsFolder, connections, isNewIn(seen.connections));
  for (const remark of duplicates(connections)) machine.log(`system-connections/${remark}`);
  copyAll(machine, dispatcherFolder, programs, isNewIn(seen.programs));
  settleModes(machine, connectionsFolder);
  settleModes(machine, dispatcherFolder);
  if (changed.length > 0) tellNetworkManager(machine);
  markSeen(machine, seen);
}

/** Before NetworkManager starts. @returns 1 when there is no boot partition yet, so that it is tried again. */
export function copyAtBoot(machine: Machine): number {
  if (!hasBootPartition(machine)) {
    machine.log("the boot partition is not there: NetworkManager has the connections of the last boot");
    return 1;
  }
  followBootPartition(machine, look(machine));
  return 0;
}
