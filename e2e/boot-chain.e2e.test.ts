import { readFile } from "node:fs/promises";
import { minutes } from "@holdfast/contracts";
import { cutPower, type Vm, type VmSpec, waitForConsole } from "@holdfast/vm";
import { beforeAll, describe, expect, it } from "vitest";
import { BootDisk, bootEntry } from "./boot-chain/boot-disk.ts";
import { type BootLab, bootLab, INITRD_PATIENCE, power } from "./boot-chain/boot-lab.ts";

/** The initrd's word that it has found, verified and mounted the root. */
const ROOT_FOUND =
  /root is (?<slot>\S+) \((?<partition>\S+), PARTUUID [^)]+\) on (?<disk>[a-z0-9]+)(?<trial>, on trial)?/;
const COMMAND_LINE = /Command line: (?<words>.*)/;
/** Same length, another number: tells entries of one image apart on the console. */
const MARK = { "panic=10": "panic=11" };

let lab: BootLab;
beforeAll(async () => {
  lab = await bootLab();
}, minutes(15));

async function boot(disk: BootDisk, more: Partial<VmSpec> = {}): Promise<Vm & AsyncDisposable> {
  return await power(lab, { name: "e2e-boot-chain", arch: "amd64", disk: disk.file, network: "none", ...more });
}

/** What the console says of one boot, from a place in its log on. */
async function outcome(vm: Vm, from?: number): Promise<{ words: string; slot: string; disk: string; trial: boolean }> {
  const options = { timeout: INITRD_PATIENCE, ...(from === undefined ? {} : { from }) };
  const cmdline = await waitForConsole(vm, COMMAND_LINE, options);
  const [, slot = "", , disk = "", trial] = (await waitForConsole(vm, ROOT_FOUND, { ...options, from: cmdline.end }))
    .groups;
  return { words: cmdline.groups[1] ?? "", slot, disk, trial: trial !== undefined };
}

/** An entry whose root hash belongs to no slot. */
const withoutSlot = (): Promise<Uint8Array> => {
  const { rootHash } = lab.image.slot.facts.slot;
  return bootEntry(lab, { [`holdfast.roothash=${rootHash}`]: `holdfast.roothash=${rootHash.replace(/^./, flipped)}` });
};
const flipped = (digit: string): string => (digit === "0" ? "1" : "0");

describe("the choice of a boot entry", () => {
  it("takes the highest generation whatever version it claims, and counts the try", async () => {
    await using disk = await BootDisk.copy(lab);
    const newer = await bootEntry(lab, { ...MARK, 'PRETTY_NAME="Holdfast 0': 'PRETTY_NAME="Holdfast 9' });
    await disk.setEntries({ "holdfast-000001.efi": newer, "holdfast-000002+3.efi": await bootEntry(lab) });
    await using vm = await boot(disk);
    expect(await outcome(vm)).toMatchObject({ words: expect.stringContaining("panic=10"), trial: true });
    await cutPower(vm);
    expect(await disk.entriesOf(vm)).toEqual(["holdfast-000001.efi", "holdfast-000002+2-1.efi"]);
  });

  it("passes over an entry whose tries are used up", async () => {
    await using disk = await BootDisk.copy(lab);
    const [used, good] = [await bootEntry(lab), await bootEntry(lab, MARK)];
    await disk.setEntries({ "holdfast-000001.efi": good, "holdfast-000002+0-3.efi": used });
    await using vm = await boot(disk);
    expect(await outcome(vm)).toMatchObject({ words: expect.stringContaining("panic=11"), trial: false });
    await cutPower(vm);
    expect(await disk.entriesOf(vm)).toEqual(["holdfast-000001.efi", "holdfast-000002+0-3.efi"]);
  });
});

describe("the choice of a slot", () => {
  it("is made by the root hash: the other slot serves when the first is damaged", async () => {
    await using disk = await BootDisk.copy(lab);
    await disk.writeSlot("resin-rootB");
    await disk.damageSlot("resin-rootA");
    await using vm = await boot(disk);
    const { words, slot } = await outcome(vm);
    expect(slot).toBe("resin-rootB");
    expect(words).toContain(`holdfast.roothash=${lab.image.slot.facts.slot.rootHash}`);
    expect(words).not.toMatch(/\broot=|resin-|PARTUUID|PARTLABEL|\/dev\/(?:disk|[vs]d)/);
  });

  it("without one that verifies says so and reboots, with no shell in between", async () => {
    await using disk = await BootDisk.copy(lab);
    await disk.damageSlot("resin-rootA");
    await using vm = await boot(disk);
    const reason = await waitForConsole(vm, /no slot of vda verifies against root hash [0-9a-f]{64}/, {
      timeout: INITRD_PATIENCE,
    });
    const began = performance.now();
    await waitForConsole(vm, "Linux version", { from: reason.end, timeout: INITRD_PATIENCE });
    // Nothing but the reboot: the tries of opening both slots are behind it, five seconds of pause lie in it.
    expect(performance.now() - began).toBeLessThan(minutes(3));
    expect(await readFile(vm.consoleLog, "latin1")).not.toMatch(/emergency mode|Press Enter|Give root password|sh: /);
    await cutPower(vm);
    // With nothing to fall back to the only entry stays what it was.
    expect(await disk.entriesOf(vm)).toEqual(["holdfast-000001.efi"]);
  });

  it("without one for its entry steps aside for an entry that has one", async () => {
    await using disk = await BootDisk.copy(lab);
    await disk.setEntries({ "holdfast-000001.efi": await bootEntry(lab), "holdfast-000002.efi": await withoutSlot() });
    await using vm = await boot(disk);
    const marked = await waitForConsole(vm, "marked holdfast-000002.efi as used up: holdfast-000001.efi has", {
      timeout: INITRD_PATIENCE,
    });
    expect(await outcome(vm, marked.end)).toMatchObject({ slot: "resin-rootA", trial: false });
    await cutPower(vm);
    expect(await disk.entriesOf(vm)).toEqual(["holdfast-000001.efi", "holdfast-000002+0.efi"]);
  });
});

describe("a second disk with the same image", () => {
  it("is left alone, also when it is first to appear", async () => {
    await using disk = await BootDisk.copy(lab);
    // USB's disks come late, and vda is there by then.
    const copy = { image: lab.image.disk.file, bus: "virtio" } as const;
    await using vm = await boot(disk, { bus: "usb", extraDisks: [copy] });
    expect(await outcome(vm)).toMatchObject({ slot: "resin-rootA", disk: "sda" });
  });
});
