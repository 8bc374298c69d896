import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { firmwarePathOf, readFirmwarePath } from "./firmware-path.ts";

const EFIVARS = "/sys/firmware/efi/efivars";
const VENDOR = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const utf16 = (text: string): number[] => [...text].flatMap((letter) => [letter.charCodeAt(0), 0]);
const acpi = [2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0];
const pci = (device: number, of: number): number[] => [1, 1, 6, 0, of, device];
const sata = (port: number): number[] => [3, 18, 10, 0, port, 0, 0xff, 0xff, 0, 0];
const scsi = (target: number, lun: number): number[] => [3, 2, 8, 0, target, 0, lun, 0];
const disk = [4, 1, 42, 0, ...Array.from({ length: 38 }, () => 1)];
const end = [0x7f, 0xff, 4, 0];

function option(...nodes: readonly number[][]): Uint8Array {
  const path = [...nodes, end].flat();
  return Uint8Array.from([1, 0, 0, 0, path.length, 0, ...utf16("UEFI Misc Device"), 0, 0, ...path]);
}

describe("firmwarePathOf", () => {
  it("lists the devices on the way, through bridges, as sysfs writes them", () => {
    const bridged = firmwarePathOf(option(acpi, pci(0x1c, 4), pci(0, 0)));
    expect(bridged).toEqual({ pciPath: ["1c.4", "00.0"], unit: undefined });
  });

  it("tells the disks of one controller apart", () => {
    expect(firmwarePathOf(option(acpi, pci(0x1f, 2), sata(3), disk))).toEqual({ pciPath: ["1f.2"], unit: "ata:3" });
    expect(firmwarePathOf(option(acpi, pci(4, 0), scsi(2, 1)))).toEqual({ pciPath: ["04.0"], unit: "scsi:2:1" });
  });

  it("knows none when the option names a partition only, or is cut off", () => {
    expect(firmwarePathOf(option(disk))).toBeUndefined();
    for (let length = 0; length < 60; length += 1) firmwarePathOf(option(acpi, pci(3, 0)).slice(0, length));
  });
});

it("reads the option of the present boot, four hexadecimal digits in capitals", () => {
  const machine = simulateMachine();
  expect(readFirmwarePath(machine)).toBeUndefined();
  machine.put(`${EFIVARS}/BootCurrent-${VENDOR}`, Uint8Array.from([6, 0, 0, 0, 0x1a, 0]));
  machine.put(`${EFIVARS}/Boot001A-${VENDOR}`, Uint8Array.from([7, 0, 0, 0, ...option(acpi, pci(1, 0))]));
  expect(readFirmwarePath(machine)?.pciPath).toEqual(["01.0"]);
});
