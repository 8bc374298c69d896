import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Vm } from "@holdfast/vm";
import type { BootLab } from "./boot-lab.ts";

/** Where the entries of systemd-boot lie, as mtools writes paths. */
const ENTRIES = "::/EFI/Linux";
const FACTORY = "holdfast-000001.efi";
const MIB = 1024 * 1024;

type SlotName = "resin-rootA" | "resin-rootB";

/** A test's own copy of an image: a disk before its first boot. Removed at the end of the scope. */
export class BootDisk implements AsyncDisposable {
  readonly #lab: BootLab;
  readonly #folder: string;

  private constructor(lab: BootLab, folder: string) {
    this.#lab = lab;
    this.#folder = folder;
  }

  static async copy(lab: BootLab): Promise<BootDisk> {
    const disk = new BootDisk(lab, await mkdtemp(path.join(tmpdir(), "holdfast-e2e-boot-")));
    const copying = spawn("cp", ["--sparse=always", "--reflink=auto", lab.image.disk.file, disk.file]);
    const [status] = await once(copying, "close");
    if (status !== 0) throw new Error(`cp ended with status ${status}`);
    return disk;
  }

  get file(): string {
    return path.join(this.#folder, "disk.img");
  }

  /** Replaces all boot entries by these: name -> content. */
  async setEntries(entries: Readonly<Record<string, Uint8Array>>): Promise<void> {
    await this.#mtools("mdel", `${ENTRIES}/${FACTORY}`);
    for (const [name, content] of Object.entries(entries)) {
      const file = path.join(this.#folder, "entry.efi");
      await writeFile(file, content);
      await this.#mtools("mcopy", file, `${ENTRIES}/${name}`);
    }
  }

  /** Writes the image's slot into another partition, too. */
  async writeSlot(slot: SlotName): Promise<void> {
    await using target = await open(this.file, "r+");
    const at = this.#offsetOf(slot);
    let position = 0;
    await using source = await open(path.join(this.#lab.image.slot.folder, "slot.img"));
    for await (const chunk of source.createReadStream({ highWaterMark: 4 * MIB })) {
      await target.write(chunk, 0, chunk.length, at + position);
      position += chunk.length;
    }
  }

  /** Overwrites the first mebibyte of a slot: its superblock and what lies behind it. */
  async damageSlot(slot: SlotName): Promise<void> {
    await using file = await open(this.file, "r+");
    await file.write(Buffer.alloc(MIB, 0x5a), 0, MIB, this.#offsetOf(slot));
  }

  /** Names of the boot entries that a device has now, which must be off. */
  async entriesOf(vm: Vm): Promise<readonly string[]> {
    const drive = vm.drives.find(({ id }) => id === "disk0");
    const { offset, size } = this.#partition("resin-boot");
    const file = path.join(this.#folder, "boot.img");
    const blocks = ["bs=1M", `skip=${offset / MIB}`, `count=${size / MIB}`];
    const { run } = this.#lab.tools;
    // -U: threads of a killed QEMU, and with them its lock, may outlive it by a moment.
    await run(["qemu-img", "dd", "-U", "-f", "qcow2", "-O", "raw", ...blocks, `if=${drive?.file}`, `of=${file}`]);
    const { stdout } = await run(["mdir", "-b", "-i", file, ENTRIES]);
    return [...stdout.matchAll(/[^/]+\.efi$/gim)].map(([name]) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #partition(label: string): { readonly offset: number; readonly size: number } {
    const found = this.#lab.image.disk.partitions.find((partition) => partition.label === label);
    if (found === undefined) throw new Error(`the image has no partition ${label}`);
    return found;
  }

  #offsetOf(slot: SlotName): number {
    return this.#partition(slot).offset;
  }

  async #mtools(command: string, ...args: readonly string[]): Promise<void> {
    await this.#lab.tools.run([command, "-i", `${this.file}@@${this.#partition("resin-boot").offset}`, ...args]);
  }
}

/** The image's boot entry, with texts in it replaced by others of the same length. */
export async function bootEntry(lab: BootLab, changes: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  const bytes = await readFile(path.join(lab.image.slot.folder, "uki.efi"));
  for (const [from, to] of Object.entries(changes)) {
    const at = bytes.indexOf(from);
    if (at < 0 || bytes.includes(from, at + 1) || from.length !== to.length)
      throw new Error(`"${from}" is not once in the boot entry, or "${to}" is not as long`);
    bytes.write(to, at, "latin1");
  }
  return bytes;
}
