import {
  type BenchModule,
  type BenchReport,
  deviceImage,
  machineFacts,
  openVmHost,
  openWorkshop,
  release,
} from "@holdfast/cli";
import { messageOf, minutes } from "@holdfast/contracts";
import { type Vm, waitForSsh } from "@holdfast/vm";
import { bootAims, bootRows } from "./boot/boot-report.ts";
import { debianImage } from "./boot/debian-image.ts";
import type { SystemFigures } from "./boot/figures.ts";
import { measureDevice, measureSystem, type Subject } from "./boot/measure-boot.ts";

const PATIENCE = minutes(10);

/**
 * `holdfast bench boot`: boot times and idle memory of our image without an app, and of stock Debian with docker.io and
 * openssh-server, each alone in the same virtual machine.
 */
export const bench: BenchModule["bench"] = async ({ progress, signal }): Promise<BenchReport> => {
  const machine = machineFacts();
  const context = { progress, signal };
  const [workshop, host] = [await openWorkshop(context), await openVmHost(context)];
  const lab = { host, progress, signal };
  const { version, epoch } = await release(undefined, process.env);
  // Development lets the measuring connection in; the slot is the same as production's.
  const { disk } = await deviceImage({ board: "generic-amd64", variant: "development", version, epoch }, workshop);
  const device: Subject = {
    ...{ name: "holdfast", disk: disk.file, sshPort: 22222, target: {} },
    engineUnit: "balena.service",
  };
  const ours = await measureDevice(device, lab);
  const missing: Record<string, string> = {};
  if (typeof ours.hostPrograms === "string") missing["host programs on the critical path"] = ours.hostPrograms;
  let debian: SystemFigures | undefined;
  try {
    const image = await debianImage(workshop, signal);
    const target = { identity: image.key };
    const subject: Subject = {
      ...{ name: "debian", disk: image.disk, sshPort: 22, target },
      engineUnit: "docker.service",
    };
    const untilUp = async (vm: Vm): Promise<void> =>
      await waitForSsh(host, vm, { ...target, timeout: PATIENCE, signal });
    debian = await measureSystem(subject, lab, { untilUp });
  } catch (thrown) {
    signal.throwIfAborted();
    missing["debian"] = messageOf(thrown);
  }
  return { name: "boot", machine, rows: bootRows(ours, debian), aims: bootAims(ours), missing };
};
