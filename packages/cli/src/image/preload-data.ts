import type { Board } from "@holdfast/contracts";
import {
  baseImage,
  keyOf,
  openEphemeralEngine,
  preloadProject,
  type ReadonlyTree,
  toolCommand,
  type Workshop,
} from "@holdfast/image";
import { baseImageInput } from "./base-image.ts";

export type PreloadData = {
  /** What the data partition holds at first. */
  readonly tree: ReadonlyTree;
  /** Changes with every change of the images or of the target state. */
  readonly key: string;
  /** What of the project is ignored. */
  readonly warnings: readonly string[];
};

/** Builds a compose project's images with a private engine and makes them the first content of the data partition. */
export async function preloadData(
  directory: string,
  board: Board,
  epoch: number,
  workshop: Workshop,
): Promise<PreloadData> {
  const { cache, mirror, progress, signal, tools } = workshop;
  const base = await baseImage(await baseImageInput(board.arch, epoch, workshop));
  const { tree, appsJson, warnings } = await preloadProject({
    directory,
    architecture: board.arch,
    base,
    epoch,
    cache,
    openEngine: () => openEphemeralEngine({ command: toolCommand(tools), cache, mirror }),
    progress,
    ...(signal === undefined ? {} : { signal }),
  });
  // apps.json names each image by its id, so it stands for their content, too.
  return { tree, key: keyOf(appsJson), warnings };
}
