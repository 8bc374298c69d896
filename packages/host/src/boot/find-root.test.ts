import { beforeEach, describe, expect, it } from "vitest";
import { type CommandHandler, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { BOOT_RECORD, BY_STATE_RULES } from "./boot-record.ts";
import { findRoot } from "./find-root.ts";
import { labels } from "./partitions.ts";

const hash = "11".repeat(32);
const otherHash = "22".repeat(32);
const esp = "0a0a0a0a-0000-0000-0000-000000000001";
const LOADER = "/sys/firmware/efi/efivars";
const VENDOR = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
const STATE = "/sysroot/mnt/state";

/** Which root hash each slot really has; veritysetup opens anything that has a superblock, the mount tells. */
type Slots = { readonly vda2?: string; readonly vda3?: string };

const utf16 = (text: string): Uint8Array =>
  Uint8Array.from([7, 0, 0, 0, ...[...`${text}\0`].flatMap((letter) => [letter.charCodeAt(0), 0])]);

/** A UKI as far as find-root reads it: a PE file with one section. */
function uki(cmdline: string): Uint8Array {
  const bytes = new Uint8Array(1024);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, 64, true);
  view.setUint32(64, 0x4550, true);
  view.setUint16(70, 1, true);
  view.setUint16(84, 16, true);
  const section = 64 + 24 + 16;
  bytes.set(new TextEncoder().encode(".cmdline"), section);
  view.setUint32(section + 8, cmdline.length, true);
  view.setUint32(section + 16, 512, true);
  view.setUint32(section + 20, 512, true);
  bytes.set(new TextEncoder().encode(cmdline), 512);
  return bytes;
}

function engineRoom(slots: Slots, broken: readonly string[] = []): CommandHandler {
  let opened = { hash: "", slot: "" };
  return (argv, machine) => {
    const line = argv.join(" ");
    if (broken.some((part) => line.includes(part))) return { status: 1 };
    if (argv[0] === "veritysetup" && argv[1] === "open") {
      const slot = (argv[2] ?? "").replace("/dev/", "") as keyof Slots;
      if (slots[slot] === undefined) return { status: 1 };
      opened = { hash: argv[5] ?? "", slot };
    }
    if (argv[0] === "mount" && line.includes("/dev/mapper/"))
      return { status: slots[opened.slot as keyof Slots] === opened.hash ? 0 : 32 };
    if (argv[0] === "mount" && line.endsWith(STATE)) machine.makeDirectory(STATE);
    return undefined;
  };
}

function device(
  handler: CommandHandler,
  options: { cutAfter?: number; disks?: readonly string[] } = {},
): SimulatedMachine {
  const { cutAfter, disks = ["vda"] } = options;
  const machine = simulateMachine(handler, cutAfter === undefined ? {} : { cutAfter });
  machine.put("/proc/cmdline", `ro holdfast.roothash=${hash} holdfast.hashoffset=4096`);
  machine.put("/proc/sys/kernel/random/uuid", "01234567-89ab-4cde-8f01-23456789abcd\n");
  machine.put(`${LOADER}/LoaderDevicePartUUID-${VENDOR}`, utf16(esp.toUpperCase()));
  machine.makeDirectory("/sys/class/block");
  for (const disk of disks)
    for (const [index, label] of Object.values(labels).entries()) {
      const name = `${disk}${index + 1}`;
      const real = `/sys/devices/${disk}/${name}`;
      const uuid = disk === "vda" ? `0a0a0a0a-0000-0000-0000-00000000000${index + 1}` : `other-${index}`;
      machine.put(`${real}/uevent`, `DEVTYPE=partition\nPARTN=${index + 1}\nPARTNAME=${label}\nPARTUUID=${uuid}\n`);
      machine.nodes.set(`/sys/class/block/${name}`, { kind: "link", target: real });
    }
  return machine;
}

describe("findRoot", () => {
  it("mounts slot A when it matches, records it and makes links for this disk only", () => {
    const machine = device(engineRoom({ vda2: hash, vda3: otherHash }), { disks: ["sda", "vda"] });
    expect(findRoot(machine)).toBe(0);
    expect(JSON.parse(machine.readText(BOOT_RECORD) ?? "")).toEqual({
      disk: "vda",
      active: "rootA",
      rootHash: hash,
      hashOffset: 4096,
      trial: false,
      stateLost: false,
      partitions: { boot: "vda1", rootA: "vda2", rootB: "vda3", state: "vda4", data: "vda5" },
    });
    expect(machine.readText(BY_STATE_RULES)).toContain('KERNEL=="vda3", SYMLINK+="disk/by-state/inactive"');
    expect(machine.commands.some((line) => line.includes("sda"))).toBe(false);
  });

  it("closes a slot whose content does not verify and takes the other", () => {
    const machine = device(engineRoom({ vda2: otherHash, vda3: hash }));
    expect(findRoot(machine)).toBe(0);
    expect(machine.commands).toContain("veritysetup close root");
    expect(machine.readText(BOOT_RECORD)).toContain('"active":"rootB"');
  });

  it("lets a slot on trial panic on corruption, but only after it was seen to match", () => {
    const machine = device(engineRoom({ vda2: otherHash, vda3: hash }));
    machine.put(`${LOADER}/LoaderBootCountPath-${VENDOR}`, utf16("\\EFI\\Linux\\holdfast-000002+2-1.efi"));
    expect(findRoot(machine)).toBe(0);
    const panicking = machine.commands.filter((line) => line.includes("--panic-on-corruption"));
    expect(panicking).toHaveLength(1);
    expect(panicking[0]).toContain("/dev/vda3");
  });

  it("makes a machine id once, and a new one when a cut left half of it", () => {
    const machine = device(engineRoom({ vda2: hash }));
    findRoot(machine);
    const stored = `${STATE}/root-overlay/etc/machine-id`;
    expect(machine.readText(stored)).toBe("0123456789ab4cde8f0123456789abcd\n");
    machine.put("/proc/sys/kernel/random/uuid", "ffffffff-89ab-4cde-8f01-23456789abcd\n");
    findRoot(machine);
    expect(machine.readText(stored)).toBe("0123456789ab4cde8f0123456789abcd\n");
    machine.put(stored, "0123");
    findRoot(machine);
    expect(machine.readText(stored)).toBe("ffffffff89ab4cde8f0123456789abcd\n");
  });

  it("forgets the state when the reset marker was removed, and only then", () => {
    const machine = device(engineRoom({ vda2: hash }));
    findRoot(machine);
    machine.put(`${STATE}/root-overlay/etc/openvpn/key`, "secret");
    findRoot(machine);
    expect(machine.readText(`${STATE}/root-overlay/etc/openvpn/key`)).toBe("secret");
    machine.remove(`${STATE}/remove_me_to_reset`);
    findRoot(machine);
    expect(machine.readText(`${STATE}/root-overlay/etc/openvpn/key`)).toBeUndefined();
    expect(machine.kindOf(`${STATE}/remove_me_to_reset`)).toBe("file");
  });

  it("comes up without a state partition, in memory, and says so", () => {
    const machine = device(engineRoom({ vda2: hash }, ["/dev/vda4"]));
    expect(findRoot(machine)).toBe(0);
    expect(machine.readText(BOOT_RECORD)).toContain('"stateLost":true');
    expect(machine.lines.join("\n")).toContain("/dev/vda4 cannot be mounted");
  });

  it("guesses a disk only after a better match had time to appear", () => {
    const machine = device(engineRoom({ vda2: hash }));
    machine.remove(`${LOADER}/LoaderDevicePartUUID-${VENDOR}`);
    expect(findRoot(machine)).toBe(0);
    expect(machine.now()).toBeGreaterThanOrEqual(5_000);
    expect(machine.lines.join("\n")).toContain("does not tell the boot disk from others: taking vda");
  });

  it("reboots when the boot disk does not appear within 90 s, a slow machine's time to load drivers", () => {
    const machine = device(engineRoom({ vda2: hash }), { disks: ["sda"] });
    expect(findRoot(machine)).toBe(1);
    expect(machine.now()).toBeGreaterThanOrEqual(90_000);
    expect(machine.now()).toBeLessThan(120_000);
    expect(machine.commands.at(-1)).toBe("systemctl --force reboot");
  });
});

describe("findRoot without a slot that verifies", () => {
  let machine: SimulatedMachine;
  const entries = "/run/holdfast/esp/EFI/Linux";
  beforeEach(() => {
    machine = device(engineRoom({ vda2: otherHash, vda3: "33".repeat(32) }));
    machine.put(`${LOADER}/LoaderEntrySelected-${VENDOR}`, utf16("holdfast-000002.efi"));
    machine.put(`${entries}/holdfast-000002.efi`, uki(`holdfast.roothash=${hash} holdfast.hashoffset=4096`));
  });

  it("steps aside for another entry that has a good slot", () => {
    machine.put(`${entries}/holdfast-000001.efi`, uki(`holdfast.roothash=${otherHash} holdfast.hashoffset=4096`));
    expect(findRoot(machine)).toBe(1);
    expect(machine.list(entries)).toEqual(["holdfast-000001.efi", "holdfast-000002+0.efi"]);
    expect(machine.commands.at(-1)).toBe("systemctl --force reboot");
  });

  it("stays the first choice when the other entry's slot is no better", () => {
    machine.put(`${entries}/holdfast-000001.efi`, uki(`holdfast.roothash=${"44".repeat(32)} holdfast.hashoffset=4096`));
    expect(findRoot(machine)).toBe(1);
    expect(machine.list(entries)).toEqual(["holdfast-000001.efi", "holdfast-000002.efi"]);
    expect(machine.commands.at(-1)).toBe("systemctl --force reboot");
  });
});
