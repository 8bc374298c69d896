import { exists, type Machine } from "../machine/machine.ts";
import { BOLT_HEAD_BYTES, isBoltUsable } from "./bolt-file.ts";
import { planSweep } from "./plan-sweep.ts";

const STORE = "/var/lib/docker";
const OVERLAY = `${STORE}/overlay2`;
const LAYERS = `${STORE}/image/overlay2/layerdb`;

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

function referencedIds(machine: Machine): ReadonlySet<string> | undefined {
  const layers = machine.list(`${LAYERS}/sha256`);
  if (layers === undefined) return undefined;
  const files = [
    ...layers.map((layer) => `${LAYERS}/sha256/${layer}/cache-id`),
    ...(machine.list(`${LAYERS}/mounts`) ?? []).flatMap((mount) =>
      ["mount-id", "init-id"].map((name) => `${LAYERS}/mounts/${mount}/${name}`),
    ),
  ];
  return new Set(files.flatMap((file) => machine.readText(file)?.trim() || []));
}

function sweepLayers(machine: Machine): void {
  const referenced = referencedIds(machine);
  const names = machine.list(OVERLAY);
  // A store without a layer database is damaged or foreign: nothing says what is in use.
  if (referenced === undefined || names === undefined) return;
  const links = new Map(
    (machine.list(`${OVERLAY}/l`) ?? []).map((name): [string, string] => {
      const target = machine.resolve(`${OVERLAY}/l/${name}`) ?? "";
      return [name, target.split("/").at(-2) ?? ""];
    }),
  );
  const sweep = planSweep({ directories: names.filter((name) => name !== "l"), referenced, links });
  const doomed = [...sweep.links.map((name) => `l/${name}`), ...sweep.directories];
  for (let at = 0; at < doomed.length; at += 200)
    machine.run(["rm", "-rf", ...doomed.slice(at, at + 200).map((name) => `${OVERLAY}/${name}`)]);
  if (sweep.directories.length > 0)
    machine.log(`removed ${sweep.directories.length} layer directories that nothing names`);
}

function fileBytes(machine: Machine, path: string): number {
  return Number(machine.run(["stat", "--format=%s", path]).output.trim());
}

function checkBolt(machine: Machine, name: string, derived: boolean): void {
  const path = `${STORE}/${name}`;
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

/** Before dockerd starts: frees what killed pulls left, and sets aside databases that would keep it from starting. */
export function sweepEngine(machine: Machine): number {
  if (!exists(machine, STORE)) return 0;
  sweepLayers(machine);
  for (const name of DERIVED) checkBolt(machine, name, true);
  for (const name of PRECIOUS) checkBolt(machine, name, false);
  return 0;
}
