import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { messageOf, type Progress, refuse, silentProgress } from "@holdfast/contracts";
import { fetchDebs, rememberedLock } from "../apt/fetch-debs.ts";
import { type Lock, readLock } from "../apt/lock.ts";
import type { Mirror } from "../apt/mirror.ts";
import { resolvePackages } from "../apt/resolve-packages.ts";
import { buildOnce, prune } from "../cache/build-once.ts";
import { keyOf } from "../cache/canonical-json.ts";
import { type RunOptions, type RunResult, run } from "../process/run.ts";
import { readHostTop, type ToolCommandOptions, type ToolsTree, toolCommand } from "./tool-command.ts";
import { leftOut, type ToolTreeName, toolTrees } from "./tool-packages.ts";
import { addTreeFiles } from "./tree-files.ts";
import { unpackTree } from "./unpack-tree.ts";
import { allowUserNamespaces } from "./user-namespaces.ts";

/** Raised when what is done to a tree besides unpacking changes. */
const RECIPE = 1;
/** Trees of one name that are kept: the current one and the one before. */
const KEPT = 2;
const repositoryLocks = path.resolve(import.meta.dirname, "../../../../os/lock");

export type ToolsRequest = {
  readonly cache: string;
  readonly mirror: Mirror;
  /** `tools` unless said otherwise. */
  readonly name?: ToolTreeName;
  /** Where <name>-amd64.json is; the repository's os/lock unless said otherwise. */
  readonly lockDirectory?: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

/** Where the lock of a tree is. Pure. */
export function toolsLockFile(name: ToolTreeName, lockDirectory = repositoryLocks): string {
  return path.join(lockDirectory, `${name}-amd64.json`);
}

/** Resolves a tree's packages anew, with fresh package lists; does not write the lock. */
export function resolveTools(request: ToolsRequest, prefer?: Lock): Promise<Lock> {
  const { name = "tools", lockDirectory: _, ...rest } = request;
  const requested = Object.keys(toolTrees[name]);
  const keep = prefer === undefined ? { update: true } : { prefer: prefer.packages };
  return resolvePackages({ ...rest, arch: "amd64", requested, ...keep });
}

/**
 * The tools tree, composed from its lock on first use (a minute with a warm mirror), ready at once after that.
 * @throws `image.missing-program` or `image.tool-failed` when the machine cannot enter it; what fetching and resolving
 * throw; `image.disk-full`
 */
export async function toolsTree(request: ToolsRequest): Promise<ToolsTree> {
  const { cache, name = "tools", progress = silentProgress } = request;
  const lock = await currentLock(request);
  const remembered = await rememberedLock(cache, lock);
  for (const candidate of remembered === undefined ? [lock] : [lock, remembered]) {
    const directory = treeDirectory(cache, name, candidate);
    if (existsSync(directory)) {
      await buildOnce(directory, async () => {});
      return enter(name, directory);
    }
  }
  const fetched = await fetchDebs(lock, request);
  const directory = treeDirectory(cache, name, fetched.lock);
  await buildOnce(directory, async (temporary) => {
    const step = progress.start(`unpack ${name === "tools" ? "tools" : `tools (${name})`}`, "items");
    try {
      const root = path.join(temporary, "root");
      await mkdir(root);
      const { signal } = request;
      await unpackTree(root, fetched.lock.packages, { cache, step, ...(signal === undefined ? {} : { signal }) });
      await addTreeFiles(root);
    } finally {
      step.end();
    }
  });
  await prune(path.join(cache, "tools"), { count: KEPT, prefix: `${name}-` });
  return enter(name, directory);
}

async function currentLock(request: ToolsRequest): Promise<Lock> {
  const { name = "tools", lockDirectory } = request;
  const lock = await readLock(toolsLockFile(name, lockDirectory));
  const wanted = Object.keys(toolTrees[name]).sort();
  if (lock !== undefined && wanted.join() === lock.requested.join()) return lock;
  // Somebody added a tool and did not refresh the lock yet.
  return resolveTools(request, lock);
}

function treeDirectory(cache: string, name: string, lock: Lock): string {
  const packages = lock.packages.map(({ sha256 }) => sha256);
  return path.join(cache, "tools", `${name}-${keyOf({ RECIPE, leftOut, packages }).slice(0, 16)}`);
}

async function enter(name: string, directory: string): Promise<ToolsTree> {
  const key = path.basename(directory);
  const tree: ToolsTree = { name, root: path.join(directory, "root"), key, hostTop: readHostTop() };
  await checkEntrance(tree);
  return tree;
}

async function checkEntrance(tree: ToolsTree): Promise<void> {
  try {
    await run(toolCommand(tree)(["/usr/bin/true"]));
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") {
      refuse("image.missing-program", {
        message: "bubblewrap (bwrap), which runs the tools, is not installed.",
        hint: "sudo apt-get install bubblewrap",
        cause: thrown,
      });
    }
    const allow = allowUserNamespaces(readSetting);
    refuse("image.tool-failed", {
      message: `The tools tree cannot be entered: ${messageOf(thrown)}.`,
      hint: allow === undefined ? "Run the same command with sudo." : `Run once: sudo ${allow}`,
      cause: thrown,
    });
  }
}

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(path.join("/proc/sys", file), "utf8");
  } catch {
    return undefined;
  }
}

/** Runs a program of the tree to its end; see `run`. */
export function runTool(
  tree: ToolsTree,
  argv: readonly [string, ...string[]],
  options: RunOptions & ToolCommandOptions = {},
): Promise<RunResult> {
  const { outlivesCaller = false, ...rest } = options;
  return run(toolCommand(tree, { outlivesCaller })(argv), rest);
}
