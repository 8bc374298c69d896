import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { z } from "zod";
import { vmSpecSchema } from "./spec.ts";

const processSchema = z.object({ pid: z.int().positive(), startTime: z.string() });
const stampSchema = z.object({ path: z.string(), size: z.number(), mtimeMs: z.number() });

/** vm.json: what is known of a virtual device, running or not. */
const vmSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  arch: z.enum(["amd64", "arm64"]),
  /** The device's own directory. */
  home: z.string(),
  spec: vmSpecSchema,
  accelerator: z.enum(["kvm", "tcg"]),
  /** The forwarded ports with the host ports that were really taken. */
  ports: z.record(z.string(), z.object({ guest: z.int(), host: z.int() })),
  consoleLog: z.string(),
  /** Where in the log the present run begins, in bytes. */
  consoleStart: z.int(),
  consoleSocket: z.string(),
  qmpSocket: z.string(),
  /** What QEMU itself had to say. */
  qemuLog: z.string(),
  startedAt: z.string(),
  /** QEMU's own process. */
  pid: z.int().positive(),
  /** Every process of this run with its start time, which tells it from a later one with the same number; QEMU last. */
  processes: z.array(processSchema).min(1),
  /** Writable drives by QEMU's name for them, with the file at the top of each chain. */
  drives: z.array(z.object({ id: z.string(), file: z.string() })),
  /** The images that overlays stand on, as they were: a changed one would mean a corrupt disk. */
  bases: z.array(stampSchema),
});

/** A virtual device that was started at least once. */
export type Vm = Readonly<z.output<typeof vmSchema>>;
export type ImageStamp = Readonly<z.output<typeof stampSchema>>;

const RECORD = "vm.json";

/** Writes a device's record into its directory; whoever reads it meets the old or the new one. */
export async function writeVm(vm: Vm): Promise<void> {
  const path = join(vm.home, RECORD);
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(vm, null, 2)}\n`);
  await rename(temporary, path);
}

/** Parses a record. @throws HoldfastError `vm.invalid-record` when it is not one. */
function parseVm(text: string, path: string): Vm {
  try {
    return vmSchema.parse(JSON.parse(text));
  } catch (error) {
    return refuse("vm.invalid-record", {
      message: `${path} does not describe a virtual device.`,
      hint: "Remove its directory; only the virtual device in it is lost.",
      cause: messageOf(error),
    });
  }
}

/** The record in a device's directory, or undefined when there is none. */
export async function readVm(directory: string): Promise<Vm | undefined> {
  const path = join(directory, RECORD);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseVm(text, path);
}
