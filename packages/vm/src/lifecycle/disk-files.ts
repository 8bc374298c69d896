import { stat } from "node:fs/promises";
import { join } from "node:path";
import { refuse, type ToolCommand, worldError } from "@holdfast/contracts";
import { runTool } from "../process/run-tool.ts";
import type { Drive } from "../qemu/arguments.ts";
import type { ImageStamp } from "../record.ts";
import type { FullVmSpec } from "../spec.ts";

/** QEMU's name of the firmware's variables among a device's drives. */
export const VARS = "vars";

/** Size and time of an image, by which a change under an overlay is noticed. @throws `vm.missing-file`. */
export async function stampImage(path: string): Promise<ImageStamp> {
  const stats = await stat(path).catch((error: unknown) =>
    refuse("vm.missing-file", { message: `${path} does not exist or cannot be read.`, cause: error }),
  );
  return { path, size: stats.size, mtimeMs: stats.mtimeMs };
}

/** Whether all images are as they were. */
export async function unchanged(stamps: readonly ImageStamp[]): Promise<boolean> {
  const now = await Promise.all(stamps.map(({ path }) => stat(path).catch(() => undefined)));
  return stamps.every((stamp, index) => now[index]?.size === stamp.size && now[index]?.mtimeMs === stamp.mtimeMs);
}

async function qemuImg(tools: ToolCommand, ...args: string[]): Promise<void> {
  const result = await runTool(tools, ["qemu-img", ...args]);
  if (result.status === 0) return;
  throw worldError("vm.tool-failed", { message: `qemu-img ${args[0]} failed: ${result.stderr.trim()}` });
}

/** Makes a new qcow2 file whose unwritten parts are read from `base`. */
export function makeOverlay(
  tools: ToolCommand,
  options: { base: string; baseFormat: "raw" | "qcow2"; file: string; size?: number },
): Promise<void> {
  const size = options.size === undefined ? [] : [String(options.size)];
  return qemuImg(
    tools,
    ...["create", "-q", "-f", "qcow2", "-F", options.baseFormat, "-b", options.base, options.file],
    ...size,
  );
}

/** Writes a raw copy of any disk image; parts of zeros take no space. */
export function copyAsRaw(tools: ToolCommand, from: string, format: "raw" | "qcow2", to: string): Promise<void> {
  return qemuImg(tools, "convert", "-q", "-f", format, "-O", "raw", from, to);
}

/** Makes the files of a fresh device: an overlay for each disk and its own copy of the firmware's variables. */
export async function makeDrives(
  tools: ToolCommand,
  spec: FullVmSpec,
  directory: string,
  varsTemplate: string,
): Promise<{ drives: Drive[]; bases: ImageStamp[] }> {
  const disks = [{ image: spec.disk, size: spec.diskSize }, ...spec.extraDisks];
  const images = [...disks.flatMap(({ image }) => image ?? []), varsTemplate];
  const bases = await Promise.all(images.map(stampImage));
  for (const [index, { image, size }] of disks.entries()) {
    const needed = bases.find(({ path }) => path === image)?.size ?? 1;
    if (size !== undefined && size >= needed) continue;
    if (size === undefined && image !== undefined) continue;
    refuse("vm.invalid-spec", {
      message: `Disk ${index} of ${spec.name} cannot have ${size ?? 0} bytes; its image needs ${needed}.`,
    });
  }
  const vars = { id: VARS, file: join(directory, "vars.qcow2") };
  await qemuImg(tools, "convert", "-q", "-f", "raw", "-O", "qcow2", varsTemplate, vars.file);
  const drives = [vars];
  for (const [index, { image, size }] of disks.entries()) {
    const drive = { id: `disk${index}`, file: join(directory, `disk${index}.qcow2`) };
    if (image !== undefined) {
      await makeOverlay(tools, {
        base: image,
        baseFormat: "raw",
        file: drive.file,
        ...(size === undefined ? {} : { size }),
      });
    } else await qemuImg(tools, "create", "-q", "-f", "qcow2", drive.file, String(size ?? 0));
    drives.push(drive);
  }
  return { drives, bases: bases.filter(({ path }) => path !== varsTemplate) };
}
