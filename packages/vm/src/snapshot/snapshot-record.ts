import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { z } from "zod";
import { unchanged } from "../lifecycle/disk-files.ts";
import { vmSpecSchema } from "../spec.ts";

const snapshotSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  createdAt: z.string(),
  /** A state is only loaded by the QEMU that saved it. */
  qemuVersion: z.string(),
  accelerator: z.enum(["kvm", "tcg"]),
  spec: vmSpecSchema,
  /** The device's memory and state of its parts. */
  state: z.string(),
  /** The device's drives as they were; never written again. */
  drives: z.array(z.object({ id: z.string(), file: z.string() })),
  bases: z.array(z.object({ path: z.string(), size: z.number(), mtimeMs: z.number() })),
});

/** The memory and the disks of a device at one moment, from which any number of devices can be resumed. */
export type Snapshot = Readonly<z.output<typeof snapshotSchema>>;

const RECORD = "snapshot.json";
const NAME = /^[a-z0-9][a-z0-9-]{0,79}$/;

/** Where a snapshot of that name is kept. @throws HoldfastError `vm.invalid-spec` for an impossible name. */
export function snapshotDirectory(home: string, name: string): string {
  if (!NAME.test(name)) {
    refuse("vm.invalid-spec", {
      message: `A snapshot cannot be named ${JSON.stringify(name)}: lower-case letters, digits and dashes, 80 at most.`,
    });
  }
  return join(home, ".snapshots", name);
}

export async function writeSnapshot(directory: string, snapshot: Snapshot): Promise<void> {
  await writeFile(join(directory, RECORD), `${JSON.stringify(snapshot, null, 2)}\n`);
}

/** The snapshot of that name; undefined when there is none, or the images under it were changed since. */
export async function findSnapshot(home: string, name: string): Promise<Snapshot | undefined> {
  const path = join(snapshotDirectory(home, name), RECORD);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const snapshot = snapshotSchema.parse(JSON.parse(text));
    return (await unchanged(snapshot.bases)) ? snapshot : undefined;
  } catch (error) {
    return refuse("vm.invalid-record", {
      message: `${path} does not describe a snapshot.`,
      hint: "Remove its directory; a snapshot can be made again.",
      cause: messageOf(error),
    });
  }
}

/** Names of all snapshots below `home`, the newest first, also of stale ones. */
export async function listSnapshots(home: string): Promise<string[]> {
  const names = await readdir(join(home, ".snapshots")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const dated = names
    .filter((name) => NAME.test(name))
    .map(async (name) => ({ name, madeAt: (await stat(join(snapshotDirectory(home, name), RECORD))).mtimeMs }));
  return (await Promise.all(dated)).sort((a, b) => b.madeAt - a.madeAt).map(({ name }) => name);
}

/** Deletes a snapshot. Devices that were resumed from it and still exist lose their disks: remove them first. */
export async function removeSnapshot(home: string, name: string): Promise<void> {
  await rm(snapshotDirectory(home, name), { recursive: true, force: true });
}
