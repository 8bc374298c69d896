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
});
