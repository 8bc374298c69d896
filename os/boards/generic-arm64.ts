import { defineBoard } from "@holdfast/contracts";
import { genericUefiLayers } from "./families/generic-uefi.ts";

export default defineBoard({
  slug: "generic-arm64",
  name: "Generic 64-bit Arm (UEFI)",
  arch: "arm64",
  balenaArch: "aarch64",
  deviceType: "generic-aarch64",
  kernel: "linux-image-arm64",
  layers: genericUefiLayers,
  loader: { from: "/usr/lib/systemd/boot/efi/systemd-bootaa64.efi", to: "EFI/BOOT/BOOTAA64.EFI" },
  stub: "/usr/lib/systemd/boot/efi/linuxaa64.efi.stub",
  consoles: ["tty0", "ttyAMA0"],
  // Of Arm's base system architecture, what ACPI describes, of common chips, and QEMU's.
  initrdModules: ["sbsa_gwdt", "wdat_wdt", "sp805_wdt", "bcm2835_wdt", "dw_wdt", "i6300esb"],
  // PID 1 reports every minute; under emulation on a loaded machine it may come late by many seconds. 240 s fit the 8 bits of
  // simple hardware.
  watchdog: { runtime: 120, reboot: 240 },
});
