/**
 * How a slot's files are compressed. `none` takes a second and gives the smallest deltas; the others are for releases.
 * Measured on a slot of 447 MB, CPU seconds on 2 cores: lz4 242 MB in 1 s, lz4hc 206 MB in 9 s, zstd 178 MB in 27 s
 * (level 3: 180 MB in 13 s; level 9: 171 MB in 66 s; 64 KiB clusters: 1 % less).
 */
export type SlotCompression = "none" | "lz4" | "lz4hc" | "zstd";

/** The bytes do not depend on the number of workers (measured with 1, 2 and 4); a fixed one keeps it so. */
const WORKERS = "--workers=4";

/** What mkfs.erofs is told for each. Larger clusters compress better and cost RAM and reading on the device. */
export const compressionArguments: Readonly<Record<SlotCompression, readonly string[]>> = {
  none: [],
  lz4: ["-zlz4", "-C65536", WORKERS],
  lz4hc: ["-zlz4hc,level=9", "-C65536", WORKERS],
  zstd: ["-zzstd,level=5", "-C32768", WORKERS],
};
