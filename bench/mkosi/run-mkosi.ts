import { join } from "node:path";
import { type ToolsTree, toolCommand } from "@holdfast/image";
import { type Cost, timedRun } from "../measure/timed-run.ts";
import type { MkosiFolders } from "./mkosi-folders.ts";

export type MkosiRun = {
  /** The tree named mkosi. */
  readonly tree: ToolsTree;
  readonly folders: MkosiFolders;
  /** Take cached trees from an earlier build, or save them for a later one. */
  readonly incremental: boolean;
  readonly signal: AbortSignal;
};

/**
 * Builds the project of `folders`; the image is `image.raw` in the output folder.
 * @throws Error with the end of mkosi's log
 */
export async function runMkosi({ tree, folders, incremental, signal }: MkosiRun): Promise<Cost> {
  const { cost } = await timedRun({
    argv: toolCommand(tree)([
      "mkosi",
      `--directory=${folders.project}`,
      `--incremental=${incremental ? "yes" : "no"}`,
      "--force",
      "build",
    ]),
    logFile: join(folders.project, "../mkosi.log"),
    timeFile: join(folders.project, "../time"),
    signal,
  });
  return cost;
}
