import { exists, type Machine } from "../machine/machine.ts";
import { BOLT_HEAD_BYTES, isBoltUsable } from "./bolt-file.ts";
import { planSweep } from "./plan-sweep.ts";

const STORE = "/var/lib/docker";
/** Where the store lies, and is before it is bound to its place. */
const STORE_ON_DATA = "/mnt/data/docker";
/** Not empty: the boot has swept, and the engine has not started since. Its unit empties it. */
export const SWEPT = "/run/holdfast/engine-swept";

/** Files that dockerd makes anew when they are missing: networks come back from the target state, caches are caches. */
const DERIVED = [
  "network/files/local-kv.db",
  "buildkit/cache.db",
  "buildkit/containerdmeta.db",
  "buildkit/history.db",
  "buildkit/metadata_v2.db",
  "buildkit/snapshots.db",
  "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db",
];
/** Names of volumes and their options: never set aside. */
const PRECIOUS = ["volumes/metadata.db"];

function referencedIds(machine: Machine, store: string): ReadonlySet<string> | undefined {
  const database = `${store}/image/overlay2/layerdb`;
  const layers = machine.list(`${database}/sha256`);
  if (layers === undefined) return undefined;
  const files = [
    ...layers.map((layer) => `${database}/sha256/${layer}/cache-id`),
    ...(machine.list(`${database}/mounts`) ?? []).flatMap((mount) =>
      ["mount-id", "init-id"].map((name) => `${database}/mounts/${mount}/${name}`),
    ),
  ];
  return new Set(files.flatMap((file) => machine.readText(file)?.trim() || []));
}

function sweepLayers(machine: Machine, store: string): void {
  const overlay = `${store}/overlay2`;
  const referenced = referencedIds(machine, store);
  const names = machine.list(overlay);
  // A store without a layer database is damaged or foreign: nothing says what is in use.
  if (referenced === undefined || names === undefined) return;
  const links = new Map(
    (machine.list(`${overlay}/l`) ?? []).map((name): [string, string] => {
      const target = machine.resolve(`${overlay}/l/${name}`) ?? "";
      return [name, target.split("/").at(-2) ?? ""];
    }),
  );
  const sweep = planSweep({ directories: names.filter((name) => name !== "l"), referenced, links });
  const doomed = [...sweep.links.map((name) => `l/${name}`), ...sweep.directories];
  for (let at = 0; at < doomed.length; at += 200)
    machine.run(["rm", "-rf", ...doomed.slice(at, at + 200).map((name) => `${overlay}/${name}`)]);
  if (sweep.directories.length > 0)
    machine.log(`removed ${sweep.directories.length} layer directories that nothing names`);
}

function fileBytes(machine: Machine, path: string): number {
  return Number(machine.run(["stat", "--format=%s", path]).output.trim());
}

function checkBolt(machine: Machine, path: string, derived: boolean): void {
  const head = machine.readBytes(path, 0, BOLT_HEAD_BYTES);
  if (head === undefined) return;
  const bytes = head.length < BOLT_HEAD_BYTES ? head.length : fileBytes(machine, path);
  if (isBoltUsable(head, bytes)) return;
  if (!derived) {
    machine.log(
      `${path} is damaged: it holds names of volumes, so it stays; the engine will not start before it is repaired`,
    );
    return;
  }
  machine.rename(path, `${path}.damaged`);
  machine.log(`${path} was damaged: set aside, the engine makes it anew`);
}

function sweep(machine: Machine, store: string): void {
  sweepLayers(machine, store);
  for (const name of DERIVED) checkBolt(machine, `${store}/${name}`, true);
  for (const name of PRECIOUS) checkBolt(machine, `${store}/${name}`, false);
}

/** Before dockerd starts: frees what killed pulls left, and sets aside databases that would keep it from starting. */
export function sweepEngine(machine: Machine): number {
  if (exists(machine, STORE)) sweep(machine, STORE);
  return 0;
}

/**
 * The same beside the rest of the boot, so that the engine's first start need not wait for it. What goes wrong is left to
 * the sweep at the engine's start.
 */
export function sweepAtBoot(machine: Machine): void {
  try {
    sweep(machine, STORE_ON_DATA);
    machine.makeDirectory("/run/holdfast");
    machine.writeText(SWEPT, "swept\n");
  } catch (error) {
    machine.log(`${STORE_ON_DATA} is swept later: ${error instanceof Error ? error.message : String(error)}`);
  }
}
