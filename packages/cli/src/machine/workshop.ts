import { findMirror, type Workshop } from "@holdfast/image";
import type { Context } from "../command/command.ts";
import { repositoryRoot } from "../repository-root.ts";
import { cacheDirectory } from "./cache.ts";
import { openTools } from "./tools.ts";

/** What the image builder needs of this machine; the tools tree is made if it is not there yet. */
export async function openWorkshop(context: Pick<Context, "progress" | "signal">): Promise<Workshop> {
  const { progress, signal } = context;
  return {
    repository: repositoryRoot,
    cache: cacheDirectory,
    mirror: await findMirror(process.env),
    env: process.env,
    tools: await openTools(context),
    progress,
    signal,
  };
}
