export { writeCpio, writeTar } from "./archive/write-archive.ts";
export { makeUki, type Uki, type UkiOptions } from "./boot/make-uki.ts";
export { type SecureBootKeys, type SignLoaderOptions, signLoader } from "./boot/sign-loader.ts";
export { type Gpt, type GptPartition, parseGpt } from "./disk/gpt.ts";
export type { BootEntries } from "./disk/make-boot-filesystem.ts";
export { type Disk, type DiskOptions, makeDisk } from "./disk/make-disk.ts";
export { type ImageTools, imageTools } from "./image-tools.ts";
export type { InitrdSpec } from "./initrd/compose-initrd.ts";
export { type UnresolvedLibrary, unresolvedLibraries } from "./initrd/libraries.ts";
export { type Initrd, type InitrdOptions, initrdTree, makeInitrd } from "./initrd/make-initrd.ts";
export {
  type InspectedImage,
  type InspectedPackage,
  type InspectedSlot,
  type InspectedUki,
  inspectImage,
} from "./inspect/inspect-image.ts";
export { type Outputs, type OutputsOptions, writeOutputs } from "./output/write-outputs.ts";
export { cyclonedx } from "./sbom/cyclonedx.ts";
export type { SbomInput, SbomPackage, SbomPart } from "./sbom/sbom-input.ts";
export { spdx } from "./sbom/spdx.ts";
export { sharedSecrets } from "./shared-secrets.ts";
export { largestParts, type TreePart } from "./slot/largest-parts.ts";
export { makeSlot, type Slot, type SlotOptions } from "./slot/make-slot.ts";
export type { SlotCompression } from "./slot/slot-compression.ts";
