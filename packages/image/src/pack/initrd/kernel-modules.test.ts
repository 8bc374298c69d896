import { expect, test } from "vitest";
import { parseModuleIndex, selectModules } from "./kernel-modules.ts";

const index = parseModuleIndex({
  dep: "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\nkernel/fs/jbd2/jbd2.ko:\nkernel/lib/crc16.ko:\nkernel/arch/x86/crc32c-intel.ko:\nkernel/drivers/md/dm-verity.ko:\n",
  softdep: "# comment\nsoftdep ext4 pre: crypto-crc32c post: not-there\n",
  alias: "# comment\nalias crypto-crc32c crc32c_intel\nalias pci:v*d* nothing\n",
  builtin: "kernel/drivers/virtio/virtio_pci.ko\n",
});

test("adds what a module needs, by hard and by soft dependency, sorted", () => {
  expect(selectModules(index, ["ext4"])).toEqual([
    "kernel/arch/x86/crc32c-intel.ko",
    "kernel/fs/ext4/ext4.ko",
    "kernel/fs/jbd2/jbd2.ko",
    "kernel/lib/crc16.ko",
  ]);
});

test("takes - and _ for the same and passes over what is built in", () => {
  expect(selectModules(index, ["dm_verity", "virtio-pci"])).toEqual(["kernel/drivers/md/dm-verity.ko"]);
});

test("names a module that the kernel does not have, and the nearest one", () => {
  expect(() => selectModules(index, ["dm_verty"])).toThrow('the kernel module "dm_verty"');
});
