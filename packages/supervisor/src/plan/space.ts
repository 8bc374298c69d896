/** What is known of the disk that an image needs before it is downloaded; unknown images are not listed at all. */
export type Need =
  | { readonly kind: "asking" }
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "refused"; readonly reason: string };

export type Space = {
  /** Free bytes where images are stored, of which the reserve stays free. */
  readonly freeBytes: number;
  readonly needs: ReadonlyMap<string, Need>;
};

/** What stays free for the engine and the supervisor to go on working, whatever is downloaded. */
const RESERVED_BYTES = 64 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/**
 * Why images may not be downloaded, by reference. All of them together have to fit: half a release is of no use, and
 * its other half would fill the disk. Pure.
 */
export function pullObstacles(images: readonly string[], { freeBytes, needs }: Space): Map<string, string> {
  const obstacles = new Map<string, string>();
  let total = 0;
  for (const image of new Set(images)) {
    const need = needs.get(image);
    if (need?.kind === "asking") obstacles.set(image, "its size is asked for first");
    if (need?.kind === "refused") obstacles.set(image, need.reason);
    if (need?.kind === "bytes") total += need.bytes;
  }
  if (total === 0 || total + RESERVED_BYTES <= freeBytes) return obstacles;
  const reason = [
    `storage.insufficient-space: the download needs about ${mebibytes(total)} MiB, ${mebibytes(freeBytes)} MiB are free,`,
    `of which ${mebibytes(RESERVED_BYTES)} MiB stay free.`,
    "Remove data from volumes, use the update strategy delete-then-download, or enlarge the data partition",
  ].join(" ");
  for (const image of images) obstacles.set(image, reason);
  return obstacles;
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / MEBIBYTE);
