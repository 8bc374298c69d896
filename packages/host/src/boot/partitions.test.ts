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

    it("takes the one at the firmware's port when both hang on one controller", () => {
      const at = (unit: string, partitions: Partition[]): Partition[] =>
        behind("1f.2", partitions).map((partition) => ({ ...partition, unit }));
      const both = [...at("ata:0", diskOf("sda", "a")), ...at("ata:1", diskOf("sdb", "a"))];
      const word = { partUuid, pciPath: ["1f.2"] };
      expect(chooseBootDisk(both, { ...word, unit: "ata:1" })).toMatchObject({ found: { disk: "sdb" }, certain: true });
      // A port that the kernel does not show, or none in the firmware's path: a guess, as before.
      for (const unit of ["ata:2", undefined])
        expect(chooseBootDisk(both, { ...word, unit })).toMatchObject({ found: { disk: "sda" }, certain: false });
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
    const sata = "/sys/devices/pci0000:00/0000:00:1f.2/ata9/host8/target8:0:0/8:0:0:0/block/sda/sda7";
    machine.put(`${sata}/uevent`, "DEVTYPE=partition\nPARTN=7\n");
    machine.nodes.set("/sys/class/block/sda7", { kind: "link", target: sata });
    machine.put("/sys/class/ata_port/ata9/port_no", "2\n");
    const virtio = "/sys/devices/pci0000:00/0000:00:04.0/virtio1/host0/target0:0:3/0:0:3:1/block/sdb/sdb7";
    machine.put(`${virtio}/uevent`, "DEVTYPE=partition\nPARTN=7\n");
    machine.nodes.set("/sys/class/block/sdb7", { kind: "link", target: virtio });
    const every = readPartitions(machine);
    const unitsOf = (name: string) => every.filter((partition) => partition.name === name).map(({ unit }) => unit);
    expect([...unitsOf("sda7"), ...unitsOf("sdb7"), ...unitsOf("vda1")]).toEqual(["ata:1", "scsi:3:1", undefined]);
    const found = every.filter(({ label }) => label !== undefined);
    expect(found.map(({ partUuid }) => partUuid?.at(-1)).join("")).toBe("1234512345");
    expect(found.at(0)).toMatchObject({ disk: "nvme0n1", partUuid: `${guid}1`, pciPath: ["05.0"] });
    expect(found.at(-1)).toMatchObject({ disk: "vda", partUuid: `${guid}5`, pciPath: ["1c.4", "00.0"] });
  });
});
