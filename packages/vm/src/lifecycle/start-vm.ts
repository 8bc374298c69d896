import { refuse } from "@holdfast/contracts";
import type { VmHost } from "../host.ts";
import type { Drive } from "../qemu/arguments.ts";
import type { ImageStamp, Vm } from "../record.ts";
import { type FullVmSpec, parseVmSpec, type VmSpec } from "../spec.ts";
import { claim, emptyDirectory, undoIfFailed } from "./claim.ts";
import { makeDrives, unchanged } from "./disk-files.ts";
import { firmwareOf, launchVm } from "./launch-vm.ts";

export type StartOptions = {
  /** Begin again from the image instead of going on with the disk of a stopped device of that name. */
  readonly fresh?: boolean;
  readonly signal?: AbortSignal;
};

/**
 * Starts a device and returns when QEMU runs it; it still has to boot (`waitForSsh`, `waitForConsole`). A stopped device
 * of that name goes on with its disk. QEMU outlives this process.
 * @throws HoldfastError `vm.invalid-spec`, `vm.already-running`, `vm.port-taken`, `vm.missing-file`, `vm.image-changed`,
 * `vm.qemu-failed`.
 */
export async function startVm(host: VmHost, spec: VmSpec, options: StartOptions = {}): Promise<Vm> {
  const full = parseVmSpec(spec);
  await using claimed = await claim(host.home, full.name);
  const kept = options.fresh === true ? undefined : await keptDrives(claimed.former, full);
  if (kept === undefined) await emptyDirectory(claimed.directory);
  // Awaited here: the claim must hold until the device runs.
  return await undoIfFailed(claimed, async () => {
    const files = kept ?? (await makeDrives(host.tools, full, claimed.directory, firmwareOf(host, full).vars));
    return launchVm({ host, spec: full, ...files, signal: options.signal });
  });
}

type Drives = { readonly drives: Drive[]; readonly bases: ImageStamp[] };

/** The drives of the stopped device of that name. Other disks, or other images under them, would mean to lose them. */
async function keptDrives(former: Vm | undefined, spec: FullVmSpec): Promise<Drives | undefined> {
  if (former === undefined) return undefined;
  const shape = (of: FullVmSpec) =>
    JSON.stringify([of.arch, of.disk, of.diskSize, of.extraDisks, of.secureBoot, of.vars]);
  const hint = `Begin again and lose what it holds: holdfast vm start ${spec.name} --fresh`;
  if (shape(former.spec) !== shape(spec)) {
    refuse("vm.image-changed", { message: `${spec.name} was made with another image or other disks.`, hint });
  }
  if (await unchanged(former.bases)) return { drives: former.drives, bases: former.bases };
  return refuse("vm.image-changed", {
    message: `The image under the disk of ${spec.name} was changed or removed since it was first started.`,
    hint,
  });
}
