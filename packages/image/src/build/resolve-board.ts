import { join } from "node:path";
import { type Board, refuse } from "@holdfast/contracts";
import {
  describeChange,
  diffLocks,
  fetchDebs,
  type Lock,
  type ResolveRequest,
  readLock,
  resolvePackages,
} from "../apt/index.ts";
import { type LoadedLayer, loadBoard, loadLayers } from "../compose/load-definitions.ts";
import { supervisorPackages } from "../oci/supervisor-image.ts";
import { osDirOf, type Workshop } from "./build-options.ts";

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
  if (hasSupervisor(layers))
    for (const name of supervisorPackages) if (!requestedBy.has(name)) requestedBy.set(name, "the supervisor's image");
  return { board, layers, requestedBy };
}

/** A board without the supervisor's layer gets a plain system: its image is not made then. Pure. */
export const hasSupervisor = (layers: readonly LoadedLayer[]): boolean =>
  layers.some(({ layer }) => layer.name === "supervisor");

/** One lock per architecture. */
export const lockFile = (osDir: string, arch: Board["arch"]): string => join(osDir, "lock", `${arch}.json`);

export type FetchedPackages = { readonly lock: Lock; readonly notes: readonly string[] };

/**
 * Brings the board's packages into the cache, by the lock wherever possible.
 * @throws `image.lock-outdated` with `locked`, when the lock does not hold what the layers ask for; what fetching throws
 */
export async function fetchBoardPackages(
  resolved: ResolvedBoard,
  workshop: Workshop,
  locked: boolean,
): Promise<FetchedPackages> {
  const { cache, mirror, progress, signal } = workshop;
  const file = lockFile(osDirOf(workshop), resolved.board.arch);
  const stored = await readLock(file);
  const common = { cache, mirror, progress, ...(signal === undefined ? {} : { signal }) };
  const lock = await boardLock(resolved, stored, common);
  if (locked) requireLocked(lock, stored, file, resolved.board);
  const fetched = await fetchDebs(lock, { ...common, locked });
  const changes = stored === undefined ? [] : diffLocks(stored, fetched.lock).filter(({ to }) => to !== undefined);
  return { lock: fetched.lock, notes: changes.map((change) => `not as locked: ${describeChange(change)}`) };
}

/** The stored lock, or, when it was made for other boards or layers, what this board needs in the versions it names. */
async function boardLock(
  { board, requestedBy }: ResolvedBoard,
  stored: Lock | undefined,
  common: Pick<ResolveRequest, "cache" | "mirror" | "progress" | "signal">,
): Promise<Lock> {
  const requested = [...requestedBy.keys()].sort();
  if (stored !== undefined && stored.requested.join() === requested.join()) return stored;
  const prefer = stored === undefined ? {} : { prefer: stored.packages };
  return await resolvePackages({ arch: board.arch, requested, requestedBy, ...prefer, ...common });
}

function requireLocked(lock: Lock, stored: Lock | undefined, file: string, board: Board): void {
  const known = new Set(stored?.packages.map(({ sha256 }) => sha256));
  const unlocked = lock.packages.find(({ sha256 }) => !known.has(sha256));
  if (unlocked === undefined) return;
  refuse("image.lock-outdated", {
    message: `${file} does not hold ${unlocked.name} ${unlocked.version}, which the layers of ${board.slug} need.`,
    hint: "Refresh it with `holdfast lock --update`, or build without --locked.",
  });
}
