import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { pciPathOfOption, readBootPciPath } from "./firmware-path.ts";

const EFIVARS = "/sys/firmware/efi/efivars";
const VENDOR = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const utf16 = (text: string): number[] => [...text].flatMap((letter) => [letter.charCodeAt(0), 0]);
const acpi = [2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0];
const pci = (device: number, of: number): number[] => [1, 1, 6, 0, of, device];
const sata = [3, 18, 10, 0, 0, 0, 0xff, 0xff, 0, 0];
const disk = [4, 1, 42, 0, ...Array.from({ length: 38 }, () => 1)];
const end = [0x7f, 0xff, 4, 0];

function option(...nodes: readonly number[][]): Uint8Array {
  const path = [...nodes, end].flat();
  return Uint8Array.from([1, 0, 0, 0, path.length, 0, ...utf16("UEFI Misc Device"), 0, 0, ...path]);
}

describe("pciPathOfOption", () => {
  it("lists the devices on the way, through bridges, as sysfs writes them", () => {
    expect(pciPathOfOption(option(acpi, pci(0x1c, 4), pci(0, 0), sata))).toEqual(["1c.4", "00.0"]);
    expect(pciPathOfOption(option(acpi, pci(0x1f, 2), sata, disk))).toEqual(["1f.2"]);
  });

  it("knows none when the option names a partition only, or is cut off", () => {
    expect(pciPathOfOption(option(disk))).toBeUndefined();
    for (let length = 0; length < 60; length += 1) pciPathOfOption(option(acpi, pci(3, 0)).slice(0, length));
  });
});

it("reads the option of the present boot, four hexadecimal digits in capitals", () => {
  const machine = simulateMachine();
  expect(readBootPciPath(machine)).toBeUndefined();
  machine.put(`${EFIVARS}/BootCurrent-${VENDOR}`, Uint8Array.from([6, 0, 0, 0, 0x1a, 0]));
  machine.put(`${EFIVARS}/Boot001A-${VENDOR}`, Uint8Array.from([7, 0, 0, 0, ...option(acpi, pci(1, 0))]));
  expect(readBootPciPath(machine)).toEqual(["01.0"]);
});
