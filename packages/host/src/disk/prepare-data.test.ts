import { beforeEach, describe, expect, it } from "vitest";
import { SWEPT } from "../engine/sweep-engine.ts";
import type { Machine } from "../machine/machine.ts";
import { type CommandHandler, PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { prepareData } from "./prepare-data.ts";
import { GROW_MARKER } from "./prepare-disk.ts";

const rm: CommandHandler = (argv, machine) => {
  if (argv[0] === "rm")
    for (const path of [...machine.nodes.keys()])
      if (argv.slice(2).some((doomed) => path === doomed || path.startsWith(`${doomed}/`))) machine.nodes.delete(path);
  return undefined;
};

/** Of an ext4 with blocks of 4 KiB. */
function superblock(bytes: number, reserved: number): Uint8Array {
  const block = new Uint8Array(2048);
  const view = new DataView(block.buffer, 1024);
  view.setUint32(0x4, bytes / 4096, true);
  view.setUint32(0x8, reserved, true);
  view.setUint32(0x18, 2, true);
  view.setUint16(0x38, 0xef53, true);
  return block;
}

function device(cutAfter?: number): SimulatedMachine {
  const machine = simulateMachine(rm, cutAfter === undefined ? {} : { cutAfter });
  machine.put("/run/holdfast/boot.json", '{"partitions":{"data":"vda5"}}');
  machine.put("/mnt/data/apps.json", "preloaded");
  machine.put("/mnt/data/preload/images.tar.zst", "images");
  return machine;
}

describe("prepareData", () => {
  let machine: SimulatedMachine;
  beforeEach(() => {
    machine = device();
  });

  it("leaves what came with the image on the first boot, and makes the directories", () => {
    expect(prepareData(machine)).toBe(0);
    expect(machine.readText("/mnt/data/apps.json")).toBe("preloaded");
    expect(machine.list("/mnt/data")).toEqual(["apps.json", "docker", "preload", "remove_me_to_reset", "resin-data"]);
    expect(machine.commands.some((line) => line.startsWith("resize2fs"))).toBe(false);
  });

  it("sweeps the engine's store, and goes on when it cannot", () => {
    const damaged = new Uint8Array(16384).fill(7);
    machine.put("/mnt/data/remove_me_to_reset", "");
    machine.put("/mnt/data/docker/network/files/local-kv.db", damaged);
    expect(prepareData(machine)).toBe(0);
    expect(machine.list("/mnt/data/docker/network/files")).toEqual(["local-kv.db.damaged"]);
    expect(machine.readText(SWEPT)).toBe("swept\n");
    const broken = device();
    broken.put("/mnt/data/remove_me_to_reset", "");
    broken.put("/mnt/data/docker/network/files/local-kv.db", damaged);
    const refused: Machine = {
      ...broken,
      rename: (from, to) => {
        if (to.endsWith(".damaged")) throw new Error("read-only");
        broken.rename(from, to);
      },
    };
    expect(prepareData(refused)).toBe(0);
    expect(broken.kindOf(SWEPT)).toBeUndefined();
    expect(broken.lines).toContain("/mnt/data/docker is swept later: read-only");
  });

  it("grows the filesystem when the partition grew", () => {
    machine.put(GROW_MARKER, "");
    prepareData(machine);
    expect(machine.commands[0]).toBe("resize2fs /dev/vda5");
    expect(machine.kindOf(GROW_MARKER)).toBeUndefined();
  });

  it.each([
    ["a large disk: 64 MiB", 8 * 2 ** 30, 16_384],
    ["a small one: a twentieth", 500 * 2 ** 20, 6400],
  ])("has the filesystem hold blocks back from apps, of %s", (_, bytes, blocks) => {
    machine.put("/dev/vda5", superblock(bytes, 0));
    prepareData(machine);
    expect(machine.commands).toContain(`tune2fs -r ${blocks} /dev/vda5`);
    const next = device();
    next.put("/dev/vda5", superblock(bytes, blocks));
    prepareData(next);
    expect(next.commands.filter((line) => line.startsWith("tune2fs"))).toEqual([]);
  });

  it("removes apps and their data when the marker was removed, and only then", () => {
    prepareData(machine);
    machine.put("/mnt/data/docker/x", "layer");
    machine.put("/mnt/data/resin-data/y", "volume");
    prepareData(machine);
    expect(machine.readText("/mnt/data/docker/x")).toBe("layer");
    machine.remove("/mnt/data/remove_me_to_reset");
    prepareData(machine);
    expect(machine.list("/mnt/data/docker")).toEqual([]);
    expect(machine.list("/mnt/data/resin-data")).toEqual(["balena-supervisor"]);
    expect(machine.kindOf("/mnt/data/apps.json")).toBeUndefined();
    expect(machine.list("/mnt/data")).not.toContain(".to-remove");
  });

  it("finishes a reset that a power cut interrupted at any step", () => {
    for (let cutAfter = 0; ; cutAfter += 1) {
      const cut = device(cutAfter);
      cut.put("/mnt/data/docker/x", "layer");
      cut.put("/mnt/data/resin-data/y", "volume");
      cut.put("/mnt/data/apps.json.preloaded", "the app that came with the image");
      let wasCut = false;
      try {
        prepareData(cut);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        wasCut = true;
      }
      const next = simulateMachine(rm);
      for (const [path, node] of cut.nodes) next.nodes.set(path, node);
      prepareData(next);
      expect(
        [...next.nodes.keys()].filter((path) => /\/(x|y|\.to-remove|apps\.json|apps\.json\.preloaded)$/.test(path)),
      ).toEqual([]);
      if (!wasCut) break;
    }
  });
});
