import { existsSync } from "node:fs";
import path from "node:path";
import { mib } from "@holdfast/contracts";
import { buildOnce, prune } from "./build-once.ts";
import { keyOf } from "./canonical-json.ts";

/** What is kept of one stage: a dozen results cover both architectures and a day of changes; whole disks are fewer. */
const KEPT = { count: 12, bytes: mib(3 * 1024) };

export type Stage = {
  readonly cache: string;
  /** Also the folder: `assemble`, `slot`, `initrd`. */
  readonly name: string;
  /** Everything that the output depends on, as JSON; bytes by their hash. */
  readonly inputs: unknown;
};

/** Where a stage's result is, or will be. Pure. */
export function stageDirectory({ cache, name, inputs }: Stage): string {
  return path.join(cache, "stages", name, keyOf(inputs));
}

/**
 * The directory that holds a stage's result, made by `build` unless the same inputs were built before. Its content must
 * never be changed. Safe with concurrent builders; a crash leaves nothing half-made under the final name.
 * @throws `image.disk-full`, and whatever `build` throws
 */
export async function stage(what: Stage, build: (directory: string) => Promise<void>): Promise<string> {
  const directory = stageDirectory(what);
  const fresh = !existsSync(directory);
  await buildOnce(directory, build);
  if (fresh) await prune(path.dirname(directory), KEPT);
  return directory;
}
