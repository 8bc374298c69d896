import { defineBoard } from "@holdfast/contracts";
import { genericUefiLayers } from "./families/generic-uefi.ts";

export default defineBoard({
  slug: "generic-amd64",
  name: "Generic 64-bit PC (UEFI)",
  arch: "amd64",
  balenaArch: "amd64",
  deviceType: "generic-amd64",
  kernel: "linux-image-amd64",
  layers: genericUefiLayers,
  loader: { from: "/usr/lib/systemd/boot/efi/systemd-bootx64.efi", to: "EFI/BOOT/BOOTX64.EFI" },
  stub: "/usr/lib/systemd/boot/efi/linuxx64.efi.stub",
  consoles: ["tty0", "ttyS0,115200"],
  // Of chipsets: Intel's, made known by lpc_ich or i2c_i801, AMD's, what ACPI describes, and QEMU's.
  initrdModules: ["iTCO_wdt", "lpc_ich", "i2c_i801", "sp5100_tco", "wdat_wdt", "i6300esb"],
  // PID 1 reports every minute; under emulation on a loaded machine it may come late by many seconds. 240 s fit the 8 bits of
  // simple hardware.
  watchdog: { runtime: 120, reboot: 240 },
});
