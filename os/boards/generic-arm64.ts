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
});
