import { type Bytes, mib, refuse } from "@holdfast/contracts";
import { z } from "zod";

const bytesSchema = z.custom<Bytes>((value) => Number.isSafeInteger(value) && Number(value) > 0, "a size in bytes");
const busSchema = z.enum(["virtio", "nvme", "ahci", "usb"]);
const portSchema = z.strictObject({
  guest: z.int().min(1).max(65_535),
  host: z.int().min(0).max(65_535),
});
const absolutePath = z.string().startsWith("/", "an absolute path");

/** What makes up a virtual device. Kept in its record, so that a snapshot of it can be resumed with the same parts. */
export const vmSpecSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "lower-case letters, digits and dashes, 40 at most"),
  arch: z.enum(["amd64", "arm64"]),
  /** A raw disk image. It is never changed: the device writes to an overlay. */
  disk: absolutePath,
  /** Enlarges the disk that the device sees. */
  diskSize: bytesSchema.optional(),
  memory: bytesSchema.default(mib(1024)),
  cpus: z.int().min(1).max(64).default(2),
  /** Ports of the device by name, reachable on 127.0.0.1; a host port of 0 is replaced by a free one. */
  ports: z.record(z.string(), portSchema).default({}),
  /** `restricted`: the device reaches nothing, its forwarded ports still answer. */
  network: z.enum(["user", "restricted", "none"]).default("user"),
  bus: busSchema.default("virtio"),
  extraDisks: z
    .array(z.strictObject({ image: absolutePath.optional(), size: bytesSchema.optional(), bus: busSchema.optional() }))
    .default([]),
  secureBoot: z.boolean().default(false),
  /** Firmware variables to begin with (e.g. with enrolled keys) instead of the firmware's own. */
  vars: absolutePath.optional(),
  tpm: z.boolean().default(false),
  /** A file to be made: the log of the first disk's writes, see `readWriteLog`. */
  writeLog: absolutePath.optional(),
  /** Values of QEMU's `-smbios`. */
  smbios: z.array(z.string()).default([]),
  /** Further serial ports by name, on PCI cards; each is joined with a socket of this machine, see `serialSocket`. */
  serialPorts: z.array(z.string().regex(/^[a-z0-9]{1,7}$/, "7 letters and digits at most")).default([]),
  /** Passed to QEMU as they are, last. */
  extraArguments: z.array(z.string()).default([]),
});

/** A specification as callers write it: only name, arch and disk are required. */
export type VmSpec = z.input<typeof vmSpecSchema>;
/** A specification with every default filled in. */
export type FullVmSpec = z.output<typeof vmSpecSchema>;
export type DiskBus = z.output<typeof busSchema>;

/**
 * Checks a specification and fills in the defaults.
 * @throws HoldfastError `vm.invalid-spec` naming the fields that are wrong.
 */
export function parseVmSpec(spec: VmSpec): FullVmSpec {
  const parsed = vmSpecSchema.safeParse(spec);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`);
    return refuse("vm.invalid-spec", { message: `The virtual device cannot be like this: ${problems.join("; ")}.` });
  }
  const full = parsed.data;
  if (full.secureBoot && full.arch !== "amd64") {
    refuse("vm.invalid-spec", { message: `Secure boot is available for amd64 devices only, not for ${full.arch}.` });
  }
  if (full.network === "none" && Object.keys(full.ports).length > 0) {
    refuse("vm.invalid-spec", {
      message: `The device ${full.name} has no network, so its ports cannot be forwarded.`,
      hint: 'Use network "restricted" for a device that reaches nothing but answers on forwarded ports.',
    });
  }
  return full;
}
