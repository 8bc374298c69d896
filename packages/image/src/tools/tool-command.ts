import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { hostFiles } from "./tree-files.ts";

/** A tools tree on disk, and what of the build machine its programs see. */
export type ToolsTree = {
  readonly name: string;
  /** Directory with usr, etc, … */
  readonly root: string;
  /** Hash of all that is in it: an input of every stage that runs its tools. */
  readonly key: string;
  /** The machine's own top-level directories and links that the tree does not stand in for. */
  readonly hostTop: readonly HostTop[];
};

export type HostTop = { readonly path: string; readonly link?: string };

/** These come from the tree, or are mounted in a way of their own. */
const ours = new Set([
  "lost+found",
  "usr",
  "etc",
  "bin",
  "sbin",
  "lib",
  "lib32",
  "lib64",
  "libx32",
  "libo32",
  "dev",
  "proc",
]);

/** The machine's top-level directories that are visible inside at the same path. */
export function readHostTop(): HostTop[] {
  return readdirSync("/", { withFileTypes: true }).flatMap((entry): HostTop[] => {
    if (ours.has(entry.name)) return [];
    const place = path.join("/", entry.name);
    if (entry.isDirectory()) return [{ path: place }];
    return entry.isSymbolicLink() ? [{ path: place, link: readlinkSync(place) }] : [];
  });
}

export type ToolCommandOptions = {
  /**
   * Let the program live on when the caller ends (a virtual device that stays). Otherwise the program dies with the thread
   * that started it.
   */
  readonly outlivesCaller?: boolean;
};

/**
 * How a program of the tree is run: in a mount namespace whose /usr and /etc are the tree's, everything else the
 * machine's own at the same place; same user, network, processes and file descriptors. The process that is started is
 * bubblewrap's, and the program its only child: any signal that ends the former kills the latter, at once; a program that
 * should end gracefully is asked by its own means (QMP, its pid file). Pure.
 */
export function toolCommand(tree: ToolsTree, options: ToolCommandOptions = {}): ToolCommand {
  const { root } = tree;
  const sandbox: string[] = [
    ...(options.outlivesCaller === true ? [] : ["--die-with-parent"]),
    // The caller's may name its own programs first, which would be found in the directories that stay visible.
    ...["--setenv", "PATH", "/usr/sbin:/usr/bin"],
    ...["--dev-bind", "/dev", "/dev"],
    ...["--dev-bind", "/proc", "/proc"],
    ...["--ro-bind", path.join(root, "usr"), "/usr"],
    ...["--ro-bind", path.join(root, "etc"), "/etc"],
    ...["bin", "sbin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]),
    ...hostFiles.flatMap((file) => ["--ro-bind-try", file, file]),
    ...tree.hostTop.flatMap((top) =>
      top.link === undefined ? ["--dev-bind", top.path, top.path] : ["--symlink", top.link, top.path],
    ),
    "--",
    // Either way the program must not outlive bubblewrap, whose process is the one that callers know and kill.
    ...(options.outlivesCaller === true ? ["/usr/bin/setpriv", "--pdeathsig", "KILL"] : []),
  ];
  return (argv) => ["bwrap", ...sandbox, ...argv];
}
