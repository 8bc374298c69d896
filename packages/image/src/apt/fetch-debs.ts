import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { HoldfastError, messageOf, type Progress, refuse, silentProgress, worldError } from "@holdfast/contracts";
import { prune } from "../cache/build-once.ts";
import { keyOf } from "../cache/canonical-json.ts";
import { reportDiskFull } from "../cache/disk-full.ts";
import { debPath, forgetUnusedDebs, hasDeb } from "./deb-cache.ts";
import { type Connections, downloadFile, FileGone, openConnections } from "./download-file.ts";
import { diffLocks, type Lock, type LockChange, type LockedPackage, readLock, writeLock } from "./lock.ts";
import { archiveUri, type Mirror } from "./mirror.ts";
import { resolvePackages } from "./resolve-packages.ts";

/** Downloads at once: enough to hide the latency of small files without burdening a mirror. */
const PARALLEL = 6;
/** Replaced locks that are remembered: those of the boards and tools trees of some checkouts. */
const REMEMBERED = 32;
const RETRY_PAUSES_MS = [250, 1000];

export type FetchOptions = {
  readonly cache: string;
  readonly mirror: Mirror;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Fail when a locked version left the mirror, instead of taking its successor. */
  readonly locked?: boolean;
  /** Hash every cached package file, however fresh. */
  readonly verify?: boolean;
};

export type Fetched = {
  /** What was really fetched: the given lock, or one with the successors of vanished versions. */
  readonly lock: Lock;
  readonly changes: readonly LockChange[];
};

/**
 * Brings all packages of a lock into the cache. With everything cached no network is touched. A version that left the
 * mirror is replaced by its successor (and what that needs).
 * @throws `image.mirror-unreachable`, `image.vanished-package`, `image.disk-full`, and what `resolvePackages` throws
 */
export async function fetchDebs(lock: Lock, options: FetchOptions): Promise<Fetched> {
  const remembered = options.locked === true ? undefined : await rememberedLock(options.cache, lock);
  if (remembered !== undefined && !(await allCached(lock, options.cache))) {
    const vanished = await fetchAll(remembered.packages, options);
    if (vanished.length === 0) return { lock: remembered, changes: diffLocks(lock, remembered) };
  }
  const vanished = await fetchAll(lock.packages, options);
  if (vanished.length === 0) return { lock, changes: [] };
  if (options.locked === true) refuseVanished(vanished, "the build was asked to stay with the lock");
  const effective = await replaceVanished(lock, vanished, options);
  const still = await fetchAll(effective.packages, options);
  if (still.length > 0) refuseVanished(still, "its package lists name it nevertheless");
  await writeLock(rememberedFile(options.cache, lock), effective);
  await prune(path.dirname(rememberedFile(options.cache, lock)), { count: REMEMBERED });
  return { lock: effective, changes: diffLocks(lock, effective) };
}

/** What a lock with vanished versions was last replaced with: a build that succeeded once succeeds again, also offline. */
export async function rememberedLock(cache: string, lock: Lock): Promise<Lock | undefined> {
  return readLock(rememberedFile(cache, lock)).catch(() => undefined);
}

const rememberedFile = (cache: string, lock: Lock): string =>
  path.join(cache, "apt", "effective", `${keyOf(lock)}.json`);

async function allCached(lock: Lock, cache: string): Promise<boolean> {
  return (await Promise.all(lock.packages.map((entry) => hasDeb(cache, entry)))).every((present) => present);
}

async function replaceVanished(lock: Lock, vanished: readonly LockedPackage[], options: FetchOptions): Promise<Lock> {
  const { cache, mirror, progress, signal } = options;
  const gone = new Set(vanished);
  const fresh = await resolvePackages({
    arch: lock.arch,
    requested: lock.requested,
    cache,
    mirror,
    update: true,
    prefer: lock.packages.filter((entry) => !gone.has(entry)),
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { ...fresh, suites: lock.suites };
}

function refuseVanished(vanished: readonly LockedPackage[], why: string): never {
  const names = vanished.map(({ name, version }) => `${name} ${version}`).join(", ");
  return refuse("image.vanished-package", {
    message: `The mirror no longer has ${names}, and ${why}.`,
    hint: "Build without --locked to take the successors, or refresh the lock with `holdfast lock --update`.",
  });
}

/** Fetches what is not cached; returns the packages that the mirror does not have. */
async function fetchAll(packages: readonly LockedPackage[], options: FetchOptions): Promise<LockedPackage[]> {
  const { cache, mirror, progress = silentProgress, verify } = options;
  await reportDiskFull(cache, () => mkdir(path.join(cache, "debs"), { recursive: true }));
  const present = await Promise.all(packages.map((entry) => hasDeb(cache, entry, verify)));
  const missing = packages.filter((_, index) => !present[index]).sort((a, b) => b.size - a.size);
  if (missing.length === 0) return [];
  await forgetUnusedDebs(cache);
  using connections = openConnections(mirror.proxies, PARALLEL);
  const step = progress.start(`download ${missing.length} packages`, "bytes");
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (count: number): void => {
    done += count;
    step.update(done, total);
  };
  try {
    const outcomes = await inParallel(missing, (entry) => fetchOne(entry, options, connections, onBytes));
    const failed = outcomes.filter((outcome) => outcome.result === "failed");
    if (failed.length > 0) throw unreachable(failed, mirror);
    return outcomes.filter(({ result }) => result === "gone").map(({ entry }) => entry);
  } finally {
    step.end();
  }
}

type Outcome = {
  readonly entry: LockedPackage;
  readonly result: "there" | "gone" | "failed";
  readonly error?: unknown;
};

async function fetchOne(
  entry: LockedPackage,
  { cache, mirror, signal }: FetchOptions,
  connections: Connections,
  onBytes: (count: number) => void,
): Promise<Outcome> {
  const uri = `${archiveUri(mirror, entry.archive)}/${entry.path.split("/").map(encodeURIComponent).join("/")}`;
  const file = debPath(cache, entry.sha256);
  const { size, sha256 } = entry;
  let error: unknown;
  for (const wait of [0, ...RETRY_PAUSES_MS]) {
    if (wait > 0) await pause(wait, undefined, signal === undefined ? {} : { signal });
    try {
      await reportDiskFull(cache, () =>
        downloadFile({ uri, file, size, sha256, connections, onBytes, ...(signal === undefined ? {} : { signal }) }),
      );
      return { entry, result: "there" };
    } catch (thrown) {
      signal?.throwIfAborted();
      if (thrown instanceof HoldfastError) throw thrown;
      if (thrown instanceof FileGone) return { entry, result: "gone" };
      error = thrown;
      if (isDown(thrown)) break;
    }
  }
  return { entry, result: "failed", error };
}

/** No route, no name, no listener: waiting a second does not help. */
function isDown(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH"].includes(String(code));
}

function unreachable(failed: readonly Outcome[], mirror: Mirror): Error {
  const names = failed.map(({ entry }) => entry.name).sort();
  const shown = names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ");
  const first = failed[0]?.error;
  return worldError("image.mirror-unreachable", {
    message: `Packages that are not in the cache could not be downloaded from ${mirror.debian}: ${shown} (${messageOf(first)}).`,
    hint: "Check the network and run again: what was downloaded is kept. HOLDFAST_MIRROR names another mirror.",
    cause: first,
  });
}

async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length && !stopped; index = next++) {
      const item = items[index];
      if (item !== undefined) results.push(await work(item));
    }
  };
  const workers = Array.from({ length: PARALLEL }, () => worker());
  try {
    await Promise.all(workers);
  } catch (thrown) {
    stopped = true;
    await Promise.allSettled(workers);
    throw thrown;
  }
  return results;
}
