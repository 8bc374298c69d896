import { join } from "node:path";
import { type Board, refuse } from "@holdfast/contracts";
import { describeChange, diffLocks, fetchDebs, type Lock, readLock, resolvePackages } from "../apt/index.ts";
import { type LoadedLayer, loadBoard, loadLayers } from "../compose/load-definitions.ts";
import { supervisorPackages } from "../oci/supervisor-image.ts";
import type { Workshop } from "./build-options.ts";

export type ResolvedBoard = {
  readonly board: Board;
  readonly layers: readonly LoadedLayer[];
  /** Package -> who asks for it, for messages. */
  readonly requestedBy: ReadonlyMap<string, string>;
};

/** Reads a board and its layers and collects the packages they ask for. */
export async function readBoard(osDir: string, slug: string): Promise<ResolvedBoard> {
  const board = await loadBoard(osDir, slug);
  const layers = await loadLayers(osDir, board.layers);
  const requestedBy = new Map<string, string>();
  for (const { layer } of layers) {
    const names = [...Object.keys(layer.packages), ...Object.keys(layer.packagesFor[board.arch] ?? {})];
    for (const name of names) requestedBy.set(name, `layer ${layer.name}`);
  }
  for (const name of [board.kernel, ...Object.keys(board.packages)]) requestedBy.set(name, `board ${board.slug}`);
  for (const name of supervisorPackages) if (!requestedBy.has(name)) requestedBy.set(name, "the supervisor's image");
  return { board, layers, requestedBy };
}

/** One lock per architecture. */
export const lockFile = (osDir: string, board: Board): string => join(osDir, "lock", `${board.arch}.json`);

export type FetchedPackages = { readonly lock: Lock; readonly notes: readonly string[] };

/**
 * Brings the board's packages into the cache, by the lock wherever possible.
 * @throws `image.lock-outdated` with `locked`, when the layers ask for other packages than the lock; what fetching throws
 */
export async function fetchBoardPackages(
  resolved: ResolvedBoard,
  workshop: Workshop,
  locked: boolean,
): Promise<FetchedPackages> {
  const { board, requestedBy } = resolved;
  const { cache, mirror, progress, signal } = workshop;
  const file = lockFile(join(workshop.repository, "os"), board);
  const stored = await readLock(file);
  const requested = [...requestedBy.keys()].sort();
  const matches = stored !== undefined && stored.requested.join() === requested.join();
  if (!matches && locked) {
    refuse("image.lock-outdated", {
      message: `${file} was made for other packages than the layers of ${board.slug} ask for.`,
      hint: "Refresh it with `holdfast lock --update`, or build without --locked.",
    });
  }
  const common = { cache, mirror, progress, ...(signal === undefined ? {} : { signal }) };
  const lock = matches
    ? stored
    : await resolvePackages({
        arch: board.arch,
        requested,
        requestedBy,
        ...(stored === undefined ? {} : { prefer: stored.packages }),
        ...common,
      });
  const fetched = await fetchDebs(lock, { ...common, locked });
  const changes = stored === undefined ? [] : diffLocks(stored, fetched.lock);
  return { lock: fetched.lock, notes: changes.map((change) => `not as locked: ${describeChange(change)}`) };
}
