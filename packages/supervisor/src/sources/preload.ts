import { access, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type AppsJson, checkJsonShape, messageOf, parseAppsJson, refuse } from "@holdfast/contracts";
import type { Current } from "../engine/current.ts";
import type { Log } from "../log.ts";
import { parseContainerName } from "../spec/names.ts";
import { readIfThere, syncDirectory, writeDurably } from "../storage/durable-file.ts";

/** Above any real one; what is larger is not even read. */
const MAX_BYTES = 4 * 1024 * 1024;

const preloadedPath = (path: string): string => `${path}.preloaded`;

/** The preload waiting in apps.json; undefined when there is none. Invalid content is logged and counts as none. */
export async function readPreload(path: string, log: Log): Promise<AppsJson | undefined> {
  try {
    const content = await readIfSmall(path);
    if (content === undefined || content.trim() === "") return undefined;
    checkJsonShape(Buffer.from(content), "The preload");
    const preload = parseAppsJson(JSON.parse(content));
    const isEmpty = Object.keys(preload.apps).length + Object.keys(preload.config).length === 0;
    return isEmpty ? undefined : preload;
  } catch (error) {
    log.error(`${path} is refused as a whole: ${messageOf(error)}`);
    return undefined;
  }
}

async function readIfSmall(path: string): Promise<string | undefined> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size > MAX_BYTES) refuse("supervisor.invalid-target", { message: `It exceeds ${MAX_BYTES} bytes.` });
  return readIfThere(path);
}

/** Marks apps.json as taken over: kept as apps.json.preloaded (unless that exists) and replaced by `{}`. */
export async function consumePreload(path: string): Promise<void> {
  const isKept = await access(preloadedPath(path)).then(
    () => true,
    () => false,
  );
  if (!isKept) {
    await rename(path, preloadedPath(path));
    await syncDirectory(dirname(path));
  }
  await writeDurably(path, "{}");
}

/**
 * The preload that was taken over earlier, for a device whose store was lost. Only when nothing that the engine runs
 * contradicts it: a container of another release means that a newer target was in force, and going back would be wrong.
 */
export async function recallPreload(path: string, current: Current, log: Log): Promise<AppsJson | undefined> {
  const preload = await readPreload(preloadedPath(path), log);
  if (preload === undefined) return undefined;
  const releases = new Set(
    Object.values(preload.apps).flatMap((app) => Object.keys(app.releases).map((commit) => `${app.id} ${commit}`)),
  );
  const isContradicted = current.containers.some(
    (container) => !releases.has(`${container.appId} ${parseContainerName(container.name)?.commit}`),
  );
  if (isContradicted)
    log.warn("The stored target is lost and the preload is not what runs: containers are left as they are");
  return isContradicted ? undefined : preload;
}
