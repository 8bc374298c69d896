import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  type BaseImageInput,
  baseImage,
  cacheRoot,
  fetchDebs,
  findMirror,
  openDebs,
  openEphemeralEngine,
  preloadProject,
  readLock,
  toolCommand,
  toolsTree,
} from "@holdfast/image";
import { readContent } from "../../packages/image/src/tree/read-content.ts";

/** 21 September 2026: earlier than the builds, later than the packages. */
const EPOCH = 1_790_000_000;

/** Where the tools and packages are, and where stages go: nothing of a former build is there. */
export type Caches = { readonly shared: string; readonly stages: string };

/** Preloads a project and gives what the data partition gets, by path. */
export async function preloadFiles(project: string, { shared, stages }: Caches) {
  const mirror = await findMirror(process.env);
  const tools = await toolsTree({ cache: shared, mirror });
  const lock = await readLock(join(import.meta.dirname, "../../os/lock/base-image-amd64.json"));
  if (lock === undefined) throw new Error("os/lock/base-image-amd64.json is missing");
  const fetched = await fetchDebs(lock, { cache: shared, mirror });
  const debs = await openDebs(shared, fetched.lock.packages);
  const input: BaseImageInput = { architecture: "amd64", debs, epoch: EPOCH, cache: stages };
  const made = await preloadProject({
    directory: project,
    architecture: "amd64",
    base: await baseImage(input),
    epoch: EPOCH,
    cache: stages,
    openEngine: () => openEphemeralEngine({ command: toolCommand(tools), cache: stages, mirror }),
  });
  const files: Record<string, Uint8Array> = {};
  for (const [path, entry] of made.tree) if (entry.type === "file") files[path] = await readContent(entry.content);
  return { ...made, files };
}

// Run by itself, as another user: preload-into.ts PROJECT STAGES OUT writes the files into a folder.
const [, program, project, stages, out] = process.argv;
if (program === import.meta.filename && project !== undefined && stages !== undefined && out !== undefined) {
  const { files } = await preloadFiles(project, { shared: cacheRoot(process.env), stages });
  for (const [path, bytes] of Object.entries(files)) await writeFile(join(out, basename(path)), bytes);
}
