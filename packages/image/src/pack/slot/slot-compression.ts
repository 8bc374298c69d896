/**
 * How a slot's files are compressed. `none` takes a second and gives the smallest deltas; the others are for releases,
 * chosen by what `holdfast bench image` measures.
 */
export type SlotCompression = "none" | "lz4" | "lz4hc" | "zstd";

/** Always the same number, whatever the machine has: the number of segments shows in the bytes. */
const WORKERS = "--workers=4";

/** What mkfs.erofs is told for each. Clusters of 64 KiB compress better and cost RAM per read on the device. */
export const compressionArguments: Readonly<Record<SlotCompression, readonly string[]>> = {
  none: [],
  lz4: ["-zlz4", "-C65536", WORKERS],
  lz4hc: ["-zlz4hc,level=9", "-C65536", WORKERS],
  zstd: ["-zzstd,level=12", "-C65536", WORKERS],
};
