/** A persistent path as the composer wrote it into the slot: /usr/lib/holdfast/state-paths.json. */
export type PersistentPath = {
  readonly path: string;
  /** Octal, e.g. "0755". */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly partition: "state" | "data";
  /** The first time, start from what the image holds at that path. */
  readonly seed: boolean;
};

export const STATE_PATHS = "/usr/lib/holdfast/state-paths.json";

/** Where a persistent path really lies. */
export const sourceOf = ({ path, partition }: PersistentPath): string => `/mnt/${partition}/root-overlay${path}`;

/** An fstab for `mount -a`: one program for all binds, and what is mounted already stays. */
export function bindTable(paths: readonly PersistentPath[]): string {
  const escaped = (path: string): string => path.replaceAll("\\", "\\134").replaceAll(" ", "\\040");
  return paths.map((entry) => `${escaped(sourceOf(entry))} ${escaped(entry.path)} none bind 0 0\n`).join("");
}
