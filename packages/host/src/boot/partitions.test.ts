import { describe, expect, it } from "vitest";
import { encodeGpt } from "../disk/gpt.ts";
import { guidToBytes } from "../disk/guid.ts";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { chooseBootDisk, labels, type Partition, parsePartition, readPartitions } from "./partitions.ts";

/** A disk with the layout; the PARTUUIDs of every image's copy are the same but for the disk's mark. */
const diskOf = (disk: string, mark: string): Partition[] =>
  Object.values(labels).map((label, index) => ({
    name: `${disk}${index + 1}`,
    disk,
    number: index + 1,
    label,
    partUuid: `0000000${index}-0000-0000-0000-${mark.padStart(12, "0")}`,
  }));

describe("chooseBootDisk", () => {
  it("takes the disk that the loader was started from, whatever else holds the same image", () => {
    const all = [...diskOf("sda", "a"), ...diskOf("vdb", "b")];
    const choice = chooseBootDisk(all, { partUuid: "00000000-0000-0000-0000-00000000000B" });
    expect(choice.found?.disk).toBe("vdb");
    expect(choice.found?.rootB.name).toBe("vdb3");
  });

  it("waits for the loader's partition rather than taking another disk", () => {
    const choice = chooseBootDisk(diskOf("sda", "a"), { partUuid: "00000000-0000-0000-0000-00000000000b" });
    expect(choice).toEqual({
      found: undefined,
      waitingFor: "the loader's partition 00000000-0000-0000-0000-00000000000b",
    });
  });

  it("waits while the kernel still reads the table", () => {
    const some = diskOf("sda", "a").filter(({ label }) => label !== "resin-data");
    const choice = chooseBootDisk(some, { partUuid: "00000000-0000-0000-0000-00000000000a" });
    expect(choice).toEqual({ found: undefined, waitingFor: "resin-data on sda" });
  });

  describe("between disks with the same image, none booted yet", () => {
    const behind = (device: string, partitions: Partition[]): Partition[] =>
      partitions.map((partition) => ({ ...partition, pciPath: [device] }));
    const nvme = behind("05.0", diskOf("nvme0n1", "a"));
    const virtio = behind("02.0", diskOf("vda", "a"));
    const partUuid = "00000000-0000-0000-0000-00000000000a";

    it("takes the one that the firmware's path leads to, whatever the order", () => {
      for (const all of [
        [...nvme, ...virtio],
        [...virtio, ...nvme],
      ])
        expect(chooseBootDisk(all, { partUuid, pciPath: ["02.0"] })).toMatchObject({
          found: { disk: "vda" },
          certain: true,
        });
    });

    it("is not certain of the other as long as the right one has not appeared", () => {
      const choice = chooseBootDisk(nvme, { partUuid, pciPath: ["02.0"] });
      expect(choice).toMatchObject({ found: { disk: "nvme0n1" }, certain: false });
    });

    it("is not certain when the firmware names no path", () => {
      expect(chooseBootDisk([...nvme, ...virtio], { partUuid })).toMatchObject({ certain: false });
      expect(chooseBootDisk(virtio, { partUuid })).toMatchObject({ certain: true });
    });
  });

  it("falls back to the first whole layout without the loader's word, and says that it is not certain", () => {
    const choice = chooseBootDisk([...diskOf("vdb", "b"), ...diskOf("sda", "a")], { partUuid: undefined });
    expect(choice).toMatchObject({ found: { disk: "sda" }, certain: false });
  });
});

describe("parsePartition", () => {
  it("reads label and PARTUUID", () => {
    const uevent =
      "MAJOR=254\nMINOR=2\nDEVNAME=vda2\nDEVTYPE=partition\nDISKSEQ=9\nPARTN=2\nPARTNAME=resin-rootA\nPARTUUID=ABCD\n";
    expect(parsePartition("vda2", "vda", uevent)).toEqual({
      name: "vda2",
      disk: "vda",
      number: 2,
      label: "resin-rootA",
      partUuid: "abcd",
    });
  });

  it("passes over whole disks", () => {
    expect(parsePartition("vda", "block", "DEVNAME=vda\nDEVTYPE=disk\n")).toBeUndefined();
  });
});

describe("readPartitions", () => {
  const guid = "0a0a0a0a-0000-4000-8000-00000000000";

  it("reads PARTUUIDs from the disks where the kernel does not tell, also of two with one image", () => {
    const machine = simulateMachine();
    const entries = new Uint8Array(128 * 128);
    for (let index = 0; index < 5; index += 1) entries.set(guidToBytes(`${guid}${index + 1}`), index * 128 + 16);
    const { primary } = encodeGpt({ diskGuid: `${guid}0`, firstUsable: 34, entries }, 4096);
    machine.makeDirectory("/sys/class/block");
    for (const [disk, bus] of Object.entries({ nvme0n1: "0000:00:05.0", vda: "0000:00:1c.4/0000:01:00.0" })) {
      machine.put(`/dev/${disk}`, Uint8Array.from([...new Uint8Array(512), ...primary.bytes]), "block");
      for (const { name, number, label } of diskOf(disk, "a")) {
        const real = `/sys/devices/pci0000:00/${bus}/block/${disk}/${name}`;
        machine.put(`${real}/uevent`, `DEVTYPE=partition\nPARTN=${number}\nPARTNAME=${label}\n`);
        machine.nodes.set(`/sys/class/block/${name}`, { kind: "link", target: real });
      }
    }
    const found = readPartitions(machine);
    expect(found.map(({ partUuid }) => partUuid?.at(-1)).join("")).toBe("1234512345");
    expect(found.at(0)).toMatchObject({ disk: "nvme0n1", partUuid: `${guid}1`, pciPath: ["05.0"] });
    expect(found.at(-1)).toMatchObject({ disk: "vda", partUuid: `${guid}5`, pciPath: ["1c.4", "00.0"] });
  });
});
