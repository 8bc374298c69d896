import { findMirror, type ToolsTree, toolsTree } from "@holdfast/image";
import type { Context } from "../command/command.ts";
import { cacheDirectory } from "./cache.ts";

/** The tools tree of this cache; composed now if its lock changed or it is not there. */
export async function openTools({ progress, signal }: Pick<Context, "progress" | "signal">): Promise<ToolsTree> {
  return await toolsTree({ cache: cacheDirectory, mirror: await findMirror(process.env), progress, signal });
}
