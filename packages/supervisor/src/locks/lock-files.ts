import { randomUUID } from "node:crypto";
import { chmod, link, lstat, mkdir, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { serviceDirectory } from "../spec/names.ts";
import { isMissing } from "../storage/durable-file.ts";
import type { ServiceKey } from "./lock-group.ts";

/** Both names count, and the supervisor's own locks take both (compat 4.4). */
const LOCK_FILES = ["updates.lock", "resin-updates.lock"];
/** Locks of this owner are the supervisor's own. */
const NOBODY = 65_534;
/** Every user of a container may create its lock, nobody may remove another's. */
const DIRECTORY_MODE = 0o1777;

/** The lock files of services, as `UpdateLocks` uses them. */
export type LockFiles = {
  /** Makes our locks of a service; false when its user holds one: then nothing is made. Ours from before are taken over. */
  readonly take: (service: ServiceKey) => Promise<boolean>;
  /** Removes our locks of a service, leaves its user's. */
  readonly drop: (service: ServiceKey) => Promise<void>;
  /** Removes the locks that a service's user holds. */
  readonly breakUsers: (service: ServiceKey) => Promise<void>;
  /** All services that have a directory for locks. */
  readonly services: () => Promise<readonly ServiceKey[]>;
};

/** Makes a service's directory, open to every user of its container. Returns its path. */
export async function makeServiceDirectory(runtimeDir: string, { appId, service }: ServiceKey): Promise<string> {
  const directory = serviceDirectory(runtimeDir, appId, service);
  await mkdir(directory, { recursive: true });
  await chmod(directory, DIRECTORY_MODE);
  return directory;
}

/**
 * Lock files on the host's tmpfs. Whatever stands at a lock's path holds it (file, directory, symbolic link) unless
 * `owner` owns it. Containers write to these directories: nothing in them is followed or removed recursively.
 */
export function lockFiles(runtimeDir: string, owner: number = NOBODY): LockFiles {
  const pathsOf = ({ appId, service }: ServiceKey): string[] =>
    LOCK_FILES.map((file) => join(serviceDirectory(runtimeDir, appId, service), file));
  const drop = async (service: ServiceKey): Promise<void> => {
    for (const path of pathsOf(service)) if ((await ownerOf(path)) === owner) await clear(runtimeDir, path);
  };
  return {
    take: async (service) => {
      await makeServiceDirectory(runtimeDir, service);
      for (const path of pathsOf(service)) {
        if (await create(runtimeDir, path, owner)) continue;
        await drop(service);
        return false;
      }
      return true;
    },
    drop,
    breakUsers: async (service) => {
      for (const path of pathsOf(service)) {
        const holder = await ownerOf(path);
        if (holder !== undefined && holder !== owner) await clear(runtimeDir, path);
      }
    },
    services: () => listServices(join(runtimeDir, "services")),
  };
}

/** Made complete elsewhere and linked into place: exclusive, and never seen under another owner. */
async function create(runtimeDir: string, path: string, owner: number): Promise<boolean> {
  const draft = join(runtimeDir, `lock-${randomUUID()}`);
  const file = await open(draft, "wx", 0o644);
  try {
    await file.chown(owner, owner);
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return (await ownerOf(path)) === owner;
    throw error;
  } finally {
    await file.close();
    await rm(draft, { force: true });
  }
}

/** A directory that is not empty is moved out of the container's reach; it goes with the tmpfs. */
async function clear(runtimeDir: string, path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) await rmdir(path);
    else await unlink(path);
  } catch (error) {
    if (isMissing(error)) return;
    await rename(path, join(runtimeDir, `broken-lock-${randomUUID()}`));
  }
}

async function listServices(root: string): Promise<ServiceKey[]> {
  const found: ServiceKey[] = [];
  for (const app of await namesIn(root)) {
    for (const service of await namesIn(join(root, app))) found.push({ appId: Number(app), service });
  }
  return found;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
