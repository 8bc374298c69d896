import { mib } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { parseVmSpec, type VmSpec } from "../spec.ts";
import { type QemuParts, qemuArguments } from "./arguments.ts";

function parts(spec: Partial<VmSpec> = {}, more: Partial<QemuParts> = {}): QemuParts {
  const full = parseVmSpec({ name: "one", arch: "amd64", disk: "/images/one.img", ...spec });
  return {
    spec: full,
    accelerator: "tcg",
    code: "/firmware/CODE.fd",
    vars: { id: "vars", file: "/vm/one/vars.qcow2" },
    disks: [{ id: "disk0", file: "/vm/one/disk0.qcow2" }],
    ports: {},
    qmpSocket: "/vm/one/qmp.sock",
    consoleSocket: "/vm/one/console.sock",
    consoleLog: "/vm/one/console.log",
    serialSocket: (name) => `/vm/one/${name}.sock`,
    incoming: false,
    ...more,
  };
}

/** The values of an option, in order. */
const values = (argv: readonly string[], option: string) => argv.filter((_, index) => argv[index - 1] === option);

describe("qemuArguments", () => {
  it("gives the proven amd64 device", () => {
    const ports = { ssh: { guest: 22222, host: 40001 }, api: { guest: 48484, host: 40002 } };
    expect(qemuArguments(parts({}, { ports })).join(" ")).toBe(
      [
        "qemu-system-x86_64 -name one -no-user-config -nodefaults -display none -rtc base=utc",
        "-machine q35 -accel tcg,thread=multi,tb-size=512 -cpu qemu64 -smp 2 -m 1024",
        "-drive if=pflash,unit=0,format=raw,readonly=on,file=/firmware/CODE.fd",
        "-drive if=pflash,unit=1,id=vars,format=qcow2,cache=unsafe,file=/vm/one/vars.qcow2",
        "-drive if=none,id=disk0,format=qcow2,cache=unsafe,discard=unmap,file=/vm/one/disk0.qcow2",
        "-device virtio-blk-pci,id=disk0-device,drive=disk0,bootindex=0",
        "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:40001-:22222,hostfwd=tcp:127.0.0.1:40002-:48484",
        "-device virtio-net-pci,id=nic0,netdev=net0,romfile=",
        "-object rng-builtin,id=rng0 -device virtio-rng-pci,rng=rng0",
        "-chardev socket,id=qmp,path=/vm/one/qmp.sock,server=on,wait=off -mon chardev=qmp,mode=control",
        "-chardev socket,id=console,path=/vm/one/console.sock,server=on,wait=off,logfile=/vm/one/console.log,logappend=on",
        "-serial chardev:console",
      ].join(" "),
    );
  });

  it("gives an arm64 device its own machine and processor, and emulates it even where KVM works", () => {
    const argv = qemuArguments(parts({ arch: "arm64", memory: mib(2048), cpus: 4 }));
    expect(argv[0]).toBe("qemu-system-aarch64");
    expect(values(argv, "-machine")).toEqual(["virt"]);
    expect(values(argv, "-cpu")).toEqual(["cortex-a57"]);
    expect(values(argv, "-m")).toEqual(["2048"]);
  });

  it("uses the machine's own processor under KVM", () => {
    const argv = qemuArguments(parts({}, { accelerator: "kvm" }));
    expect(values(argv, "-accel")).toEqual(["kvm"]);
    expect(values(argv, "-cpu")).toEqual(["host"]);
  });

  it("keeps the firmware's variables behind SMM with secure boot", () => {
    const argv = qemuArguments(parts({ secureBoot: true }));
    expect(values(argv, "-machine")).toEqual(["q35,smm=on"]);
    expect(values(argv, "-global")).toContain("driver=cfi.pflash01,property=secure,value=on");
  });

  it("logs the writes of the first disk only", () => {
    const disks = [
      { id: "disk0", file: "/vm/one/disk0.qcow2" },
      { id: "disk1", file: "/vm/one/disk1.qcow2" },
    ];
    const argv = qemuArguments(parts({ extraDisks: [{ size: mib(64) }] }, { disks, writeLog: "/logs/w,1" }));
    const logged = values(argv, "-drive").filter((value) => value.includes("blklogwrites"));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain("id=disk0,");
    expect(logged[0]).toContain("log.filename=/logs/w,,1");
  });

  it.each([
    ["virtio", "virtio-blk-pci,id=disk0-device,drive=disk0,bootindex=0"],
    ["nvme", "nvme,id=disk0-device,serial=disk0,drive=disk0,bootindex=0"],
    ["ahci", "ide-hd,id=disk0-device,bus=ahci0.0,drive=disk0,bootindex=0"],
    ["usb", "usb-storage,id=disk0-device,bus=xhci0.0,drive=disk0,bootindex=0"],
  ] as const)("attaches the disk by %s", (bus, device) => {
    expect(values(qemuArguments(parts({ bus })), "-device")).toContain(device);
  });

  it("lets a restricted device out nowhere, and gives one without network no card", () => {
    expect(values(qemuArguments(parts({ network: "restricted" })), "-netdev")).toEqual(["user,id=net0,restrict=on"]);
    expect(qemuArguments(parts({ network: "none" }))).not.toContain("-netdev");
  });

  it("writes commas in paths twice, as QEMU wants them", () => {
    const disks = [{ id: "disk0", file: "/a,b/disk.qcow2" }];
    expect(values(qemuArguments(parts({}, { disks })), "-drive").at(-1)).toMatch(/file=\/a,,b\/disk\.qcow2$/);
  });

  it("waits for a saved state when asked to, and puts extra arguments last", () => {
    const argv = qemuArguments(parts({ extraArguments: ["-watchdog-action", "reset"] }, { incoming: true }));
    expect(values(argv, "-incoming")).toEqual(["defer"]);
    expect(argv.slice(-2)).toEqual(["-watchdog-action", "reset"]);
  });

  it("joins each further serial port with a socket of its own", () => {
    const argv = qemuArguments(parts({ serialPorts: ["modem"] }));
    expect(values(argv, "-chardev")).toContain("socket,id=serial-modem,path=/vm/one/modem.sock,server=on,wait=off");
    expect(values(argv, "-device")).toContain("pci-serial,id=modem-port,chardev=serial-modem");
  });
});
