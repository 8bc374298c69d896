import { join } from "node:path";
import { minutes, refuse } from "@holdfast/contracts";
import type { VmHost } from "../host.ts";
import { claim, emptyDirectory, undoIfFailed } from "../lifecycle/claim.ts";
import { makeOverlay, stampImage } from "../lifecycle/disk-files.ts";
import { launchVm } from "../lifecycle/launch-vm.ts";
import { migrationEnd, type Qmp } from "../qemu/qmp.ts";
import type { Vm } from "../record.ts";
import { parseVmSpec } from "../spec.ts";
import { findSnapshot, type Snapshot } from "./snapshot-record.ts";
import { stateChannel, useMappedMemory } from "./state-file.ts";

const LOAD_TIMEOUT = minutes(3);

export type Resume = {
  /** Name of the snapshot. */
  readonly from: string;
  /** Name of the device to be made; one that is there is replaced, unless it runs. */
  readonly name: string;
  /** Host ports by name, for those that must be fixed; all others are free ones. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly writeLog?: string;
  readonly signal?: AbortSignal;
};

/**
 * Makes a device that goes on from a snapshot, independent of others from the same one. Its clock still shows the time
 * of the snapshot: see `setClock`.
 * @throws HoldfastError `vm.unknown-snapshot`, `vm.already-running`, `vm.port-taken`, `vm.snapshot-failed`, `vm.qemu-failed`.
 */
export async function resumeSnapshot(host: VmHost, resume: Resume): Promise<Vm> {
  const snapshot = (await findSnapshot(host.home, resume.from)) ?? noSnapshot(resume.from);
  const { writeLog: _none, ...saved } = snapshot.spec;
  const ports = Object.entries(saved.ports).map(([name, { guest }]) => [
    name,
    { guest, host: resume.ports?.[name] ?? 0 },
  ]);
  const spec = parseVmSpec({
    ...{ ...saved, name: resume.name, ports: Object.fromEntries(ports) },
    ...(resume.writeLog === undefined ? {} : { writeLog: resume.writeLog }),
  });
  await using claimed = await claim(host.home, spec.name);
  await emptyDirectory(claimed.directory);
  return await undoIfFailed({ directory: claimed.directory, former: undefined }, async () => {
    const drives = snapshot.drives.map(({ id }) => ({ id, file: join(claimed.directory, `${id}.qcow2`) }));
    for (const [index, { file }] of drives.entries()) {
      const base = snapshot.drives[index]?.file ?? noSnapshot(resume.from);
      await makeOverlay(host.tools, { base, baseFormat: "qcow2", file });
    }
    const bases = [...snapshot.bases, ...(await Promise.all(snapshot.drives.map(({ file }) => stampImage(file))))];
    const load = (qmp: Qmp) => loadState(qmp, snapshot);
    return launchVm({ host, spec, drives, bases, load, signal: resume.signal });
  });
}

async function loadState(qmp: Qmp, snapshot: Snapshot): Promise<void> {
  if (qmp.version !== snapshot.qemuVersion) {
    refuse("vm.snapshot-failed", {
      message: `The snapshot ${snapshot.name} was saved by QEMU ${snapshot.qemuVersion}; this is ${qmp.version}.`,
      hint: "Remove the snapshot and make it again.",
    });
  }
  await useMappedMemory(qmp);
  await qmp.execute("migrate-incoming", stateChannel(snapshot.state));
  await migrationEnd(qmp, LOAD_TIMEOUT);
  await qmp.execute("cont");
}

function noSnapshot(name: string): never {
  return refuse("vm.unknown-snapshot", {
    message: `There is no snapshot named ${name}, or its image was changed since.`,
    hint: "Make it again from a running device.",
  });
}
