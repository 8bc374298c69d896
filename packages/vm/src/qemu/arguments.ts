import type { PortForward } from "../process/ports.ts";
import type { DiskBus, FullVmSpec } from "../spec.ts";

/** A drive as QEMU opens it: `id` is QEMU's name for it, `file` the top of its qcow2 chain. */
export type Drive = { readonly id: string; readonly file: string };

export type QemuParts = {
  readonly spec: FullVmSpec;
  readonly accelerator: "kvm" | "tcg";
  /** The firmware's code (raw, read-only); its variables are the drive `vars`. */
  readonly code: string;
  readonly vars: Drive;
  /** In the order of the device's disks. */
  readonly disks: readonly Drive[];
  readonly ports: Readonly<Record<string, PortForward>>;
  readonly qmpSocket: string;
  readonly consoleSocket: string;
  readonly consoleLog: string;
  /** Sockets of the further serial ports. */
  readonly serialSocket: (name: string) => string;
  readonly tpmSocket?: string;
  readonly writeLog?: string;
  /** Wait for a saved state instead of starting. */
  readonly incoming: boolean;
};

const MIB = 1024 * 1024;

/** A value inside a comma-separated option of QEMU: a comma is written twice. */
const quoted = (value: string): string => value.replaceAll(",", ",,");

function machine({ spec, accelerator }: QemuParts): string[] {
  // The processors are those that every boot chain was proven with; tb-size keeps the translated code of a whole boot.
  const processor = accelerator === "kvm" ? "host" : spec.arch === "amd64" ? "qemu64" : "cortex-a57";
  const board = spec.arch === "amd64" ? `q35${spec.secureBoot ? ",smm=on" : ""}` : "virt";
  return [
    ...["-machine", board],
    ...["-accel", accelerator === "kvm" ? "kvm" : "tcg,thread=multi,tb-size=512"],
    ...["-cpu", processor, "-smp", String(spec.cpus), "-m", String(Math.ceil(spec.memory / MIB))],
  ];
}

/** Flash 0 is the code, flash 1 the variables: a qcow2 file, since QEMU refuses snapshots with a raw writable one. */
function flash({ spec, code, vars }: QemuParts): string[] {
  const secure = spec.secureBoot
    ? ["-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1"]
    : [];
  return [
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${quoted(code)}`],
    ...["-drive", `if=pflash,unit=1,id=${vars.id},format=qcow2,cache=unsafe,file=${quoted(vars.file)}`],
    ...secure,
  ];
}

/**
 * cache=unsafe: what the device flushes reaches this machine's page cache, which survives the death of QEMU (our power
 * cut); only the flush to the physical disk is left out, which would protect from this machine's own power cut.
 */
function backend(drive: Drive, writeLog: string | undefined): string {
  if (writeLog === undefined) {
    return `if=none,id=${drive.id},format=qcow2,cache=unsafe,discard=unmap,file=${quoted(drive.file)}`;
  }
  // The log must see flushes, which cache=unsafe would keep from it; below it they end as well.
  return [
    `if=none,id=${drive.id},driver=blklogwrites,cache=writeback,discard=unmap,log-sector-size=512`,
    `file.driver=qcow2,file.file.driver=file,file.file.filename=${quoted(drive.file)}`,
    "file.discard=unmap,file.cache.no-flush=on",
    `log.driver=file,log.filename=${quoted(writeLog)},log.cache.no-flush=on`,
  ].join(",");
}

function frontend(drive: Drive, bus: DiskBus, index: number): string[] {
  const common = `drive=${drive.id},bootindex=${index}`;
  switch (bus) {
    case "virtio":
      return ["-device", `virtio-blk-pci,id=${drive.id}-device,${common}`];
    case "nvme":
      return ["-device", `nvme,id=${drive.id}-device,serial=${drive.id},${common}`];
    case "ahci":
      return [
        "-device",
        `ahci,id=ahci${index}`,
        "-device",
        `ide-hd,id=${drive.id}-device,bus=ahci${index}.0,${common}`,
      ];
    case "usb":
      return [
        ...["-device", `qemu-xhci,id=xhci${index}`],
        ...["-device", `usb-storage,id=${drive.id}-device,bus=xhci${index}.0,${common}`],
      ];
  }
}

function disks({ spec, disks, writeLog }: QemuParts): string[] {
  return disks.flatMap((drive, index) => {
    const bus = index === 0 ? spec.bus : (spec.extraDisks[index - 1]?.bus ?? "virtio");
    return ["-drive", backend(drive, index === 0 ? writeLog : undefined), ...frontend(drive, bus, index)];
  });
}

function network({ spec, ports }: QemuParts): string[] {
  if (spec.network === "none") return ["-nic", "none"];
  const forwards = Object.values(ports).map(({ guest, host }) => `,hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  const restrict = spec.network === "restricted" ? ",restrict=on" : "";
  return [
    ...["-netdev", `user,id=net0${restrict}${forwards.join("")}`],
    // Without a boot ROM the firmware does not wait for a network boot.
    ...["-device", "virtio-net-pci,id=nic0,netdev=net0,romfile="],
  ];
}

function consoles({ spec, qmpSocket, consoleSocket, consoleLog, serialSocket }: QemuParts): string[] {
  const socket = (path: string) => `path=${quoted(path)},server=on,wait=off`;
  return [
    ...["-chardev", `socket,id=qmp,${socket(qmpSocket)}`, "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", `socket,id=console,${socket(consoleSocket)},logfile=${quoted(consoleLog)},logappend=on`],
    ...["-serial", "chardev:console"],
    // On a bus of their own: ports of the ISA bus would share the console's interrupt.
    ...spec.serialPorts.flatMap((name) => [
      ...["-chardev", `socket,id=serial-${name},${socket(serialSocket(name))}`],
      ...["-device", `pci-serial,id=${name}-port,chardev=serial-${name}`],
    ]),
  ];
}

function tpm({ spec, tpmSocket }: QemuParts): string[] {
  if (tpmSocket === undefined) return [];
  return [
    ...["-chardev", `socket,id=tpm,path=${quoted(tpmSocket)}`, "-tpmdev", "emulator,id=tpm0,chardev=tpm"],
    ...["-device", `${spec.arch === "amd64" ? "tpm-crb" : "tpm-tis-device"},tpmdev=tpm0`],
  ];
}

/** QEMU's command line for a device. Pure: the same parts give the same words. */
export function qemuArguments(parts: QemuParts): readonly [string, ...string[]] {
  const { spec, incoming } = parts;
  return [
    spec.arch === "amd64" ? "qemu-system-x86_64" : "qemu-system-aarch64",
    ...["-name", spec.name, "-no-user-config", "-nodefaults", "-display", "none", "-rtc", "base=utc"],
    ...machine(parts),
    ...flash(parts),
    ...disks(parts),
    ...network(parts),
    ...["-object", "rng-builtin,id=rng0", "-device", "virtio-rng-pci,rng=rng0"],
    ...consoles(parts),
    ...tpm(parts),
    ...spec.smbios.flatMap((value) => ["-smbios", value]),
    ...(incoming ? ["-incoming", "defer"] : []),
    ...spec.extraArguments,
  ];
}
