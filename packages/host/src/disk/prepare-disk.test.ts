import { describe, expect, it } from "vitest";
import { type CommandHandler, PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { readExt4 } from "./filesystem-identity.ts";
import { encodeGpt, type Gpt, partitionGuid, SECTOR } from "./gpt.ts";
import { guidToBytes } from "./guid.ts";
import { GROW_MARKER, prepareDisk } from "./prepare-disk.ts";
import { readTable } from "./update-table.ts";

const SMALL = 16384;
const LARGE = 24576;
const names = ["vda1", "vda2", "vda3", "vda4", "vda5"];
const imageGuid = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

function factoryTable(): Gpt {
  const entries = new Uint8Array(128 * 128);
  const view = new DataView(entries.buffer);
  for (let index = 0; index < 5; index += 1) {
    entries.set(guidToBytes(imageGuid), index * 128);
    entries.set(guidToBytes(imageGuid), index * 128 + 16);
    view.setUint32(index * 128 + 32, 2048 * (index + 1), true);
    view.setUint32(index * 128 + 40, 2048 * (index + 2) - 1, true);
  }
  return { diskGuid: imageGuid, firstUsable: 34, entries };
}

function ext4(): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer, 1024);
  view.setUint32(0x4, 1024, true);
  view.setUint16(0x38, 0xef53, true);
  view.setUint32(0x60, 0x2000, true);
  return bytes;
}

function fat32(): Uint8Array {
  const bytes = new Uint8Array(4096);
  for (const at of [0, 6 * 512]) {
    bytes[at + 66] = 0x29;
    bytes.set([0x55, 0xaa], at + 510);
  }
  return bytes;
}

/** What lies on the disk, and survives a cut. */
type Flash = {
  readonly disk: Uint8Array;
  readonly boot: Uint8Array;
  readonly state: Uint8Array;
  readonly data: Uint8Array;
  readonly identity?: string;
};

function factoryFlash(): Flash {
  const disk = new Uint8Array(LARGE * SECTOR);
  const { primary, backup } = encodeGpt(factoryTable(), SMALL);
  disk.set(primary.bytes, SECTOR);
  disk.set(backup.bytes, backup.at * SECTOR);
  return { disk, boot: fat32(), state: ext4(), data: ext4() };
}

const tune2fs: CommandHandler = (argv, machine) => {
  if (argv[0] === "tune2fs") {
    const uuid = (argv[2] ?? "").replaceAll("-", "");
    const bytes = Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(uuid.slice(at * 2, at * 2 + 2), 16));
    machine.writeBytes(argv[3] ?? "", 1024 + 0x68, bytes);
  }
  return undefined;
};

let serial = 0;
function device(
  flash: Flash,
  options: { cutAfter?: number; handler?: CommandHandler; stateLost?: boolean } = {},
): SimulatedMachine {
  const { cutAfter, handler = tune2fs, stateLost = false } = options;
  const machine = simulateMachine(handler, cutAfter === undefined ? {} : { cutAfter });
  const partitions = { boot: "vda1", rootA: "vda2", rootB: "vda3", state: "vda4", data: "vda5" };
  machine.put("/run/holdfast/boot.json", JSON.stringify({ disk: "vda", partitions, stateLost }));
  machine.put("/dev/vda", flash.disk, "block");
  machine.put("/dev/vda1", flash.boot, "block");
  machine.put("/dev/vda4", flash.state, "block");
  machine.put("/dev/vda5", flash.data, "block");
  machine.put("/sys/class/block/vda/size", `${LARGE}\n`);
  for (const [index, name] of names.entries()) machine.put(`/sys/class/block/${name}/partition`, `${index + 1}\n`);
  machine.put("/sys/class/block/vda5/size", `${20 * 2048}\n`);
  machine.put("/mnt/state/here", "");
  if (flash.identity !== undefined) machine.put("/mnt/state/disk-identity.json", flash.identity);
  const read = machine.readText;
  // Every read gives another UUID, as the kernel does.
  return Object.assign(machine, {
    readText: (path: string) => {
      if (path !== "/proc/sys/kernel/random/uuid") return read(path);
      serial += 1;
      return `${serial.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000\n`;
    },
  });
}

function flashOf(machine: SimulatedMachine): Flash {
  const bytes = (path: string): Uint8Array => machine.readBytes(path, 0, LARGE * SECTOR) ?? new Uint8Array();
  const identity = machine.readText("/mnt/state/disk-identity.json");
  const content = {
    disk: bytes("/dev/vda"),
    boot: bytes("/dev/vda1"),
    state: bytes("/dev/vda4"),
    data: bytes("/dev/vda5"),
  };
  return identity === undefined ? content : { ...content, identity };
}

function identitiesOf(machine: SimulatedMachine) {
  const table = readTable(machine, "/dev/vda", LARGE);
  return {
    disk: table?.diskGuid,
    partitions: table === undefined ? [] : [1, 2, 3, 4, 5].map((number) => partitionGuid(table, number)),
    state: readExt4(machine, "/dev/vda4")?.uuid,
    data: readExt4(machine, "/dev/vda5")?.uuid,
    boot: [...(machine.readBytes("/dev/vda1", 67, 4) ?? [])].join(),
  };
}

describe("prepareDisk", () => {
  it("gives a fresh disk identities of its own, once, and asks for the filesystem to be grown", () => {
    const first = device(factoryFlash());
    expect(prepareDisk(first)).toBe(0);
    const found = identitiesOf(first);
    const all = [found.disk, ...found.partitions, found.state, found.data];
    expect(new Set(all).size).toBe(8);
    expect(all).not.toContain(imageGuid);
    expect(found.boot).not.toBe("0,0,0,0");
    expect(first.kindOf(GROW_MARKER)).toBe("file");
    expect(first.commands).toContain("partx --update --nr 5 /dev/vda");

    const second = device(flashOf(first));
    prepareDisk(second);
    expect(identitiesOf(second)).toEqual(found);
    expect(second.commands).toEqual(["e2fsck -p /dev/vda5"]);
  });

  it("ends with whole, own identities after a power cut at any step", () => {
    for (let cutAfter = 0; ; cutAfter += 1) {
      const machine = device(factoryFlash(), { cutAfter });
      let wasCut = false;
      try {
        prepareDisk(machine);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        wasCut = true;
      }
      const recorded = flashOf(machine).identity;
      const next = device(flashOf(machine));
      prepareDisk(next);
      const found = identitiesOf(next);
      expect(new Set([found.disk, ...found.partitions, found.state, found.data]).size).toBe(8);
      if (recorded !== undefined) expect(flashOf(next).identity).toBe(recorded);
      if (!wasCut) break;
    }
  });

  it("repairs in full when the quick check cannot", () => {
    const machine = device(factoryFlash(), {
      handler: (argv, self, options) =>
        argv.join(" ") === "e2fsck -p /dev/vda5" ? { status: 4 } : tune2fs(argv, self, options),
    });
    prepareDisk(machine);
    expect(machine.commands.slice(0, 2)).toEqual(["e2fsck -p /dev/vda5", "e2fsck -y /dev/vda5"]);
  });

  it("touches no identity when it could not be remembered, nor a disk without a valid table", () => {
    const lost = device(factoryFlash(), { stateLost: true });
    prepareDisk(lost);
    expect(identitiesOf(lost).disk).toBe(imageGuid);
    const blank = device({ ...factoryFlash(), disk: new Uint8Array(LARGE * SECTOR) });
    expect(prepareDisk(blank)).toBe(0);
    expect(flashOf(blank).disk.every((byte) => byte === 0)).toBe(true);
  });
});
