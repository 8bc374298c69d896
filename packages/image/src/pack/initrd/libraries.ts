import type { ReadonlyTree } from "../../tree/entry.ts";
import { type Elf, readElf } from "./elf.ts";
import { type ResolvedPath, resolvePath } from "./resolve-path.ts";

/** e_machine -> where Debian's loader for it looks by default, best first; no ld.so.cache is shipped. */
const DEFAULT_DIRECTORIES: Readonly<Record<number, readonly string[]>> = {
  62: ["usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64"],
  183: ["usr/lib/aarch64-linux-gnu", "usr/lib"],
};
/** Where libraries lie that are already loaded when another library, without a run path of its own, asks for them. */
const PRIVATE_DIRECTORIES: Readonly<Record<number, readonly string[]>> = {
  62: ["usr/lib/x86_64-linux-gnu/systemd", "usr/lib/systemd"],
  183: ["usr/lib/aarch64-linux-gnu/systemd", "usr/lib/systemd"],
};

/** The path in the tree where the loader finds `soname` for the ELF file at `path`, links followed. */
export function findLibrary(tree: ReadonlyTree, path: string, elf: Elf, soname: string): ResolvedPath | undefined {
  if (soname.includes("/")) return resolvePath(tree, soname);
  const origin = path.slice(0, path.lastIndexOf("/"));
  const directories = [
    ...elf.runPath.map((directory) => directory.replace(/\$(ORIGIN|\{ORIGIN\})/, `/${origin}`)),
    ...(DEFAULT_DIRECTORIES[elf.machine] ?? []),
    ...(PRIVATE_DIRECTORIES[elf.machine] ?? []),
  ];
  for (const directory of directories) {
    const found = resolvePath(tree, `${directory}/${soname}`);
    if (found?.entry.type === "file") return found;
  }
  return undefined;
}

export type UnresolvedLibrary = {
  /** Absolute path of the program or library that asks. */
  readonly path: string;
  /** The library, or the loader, that nothing in the tree provides. */
  readonly library: string;
};

/**
 * Every library and loader that a program or library of the tree needs and that the tree does not hold, sorted by path.
 * Kernel modules and foreign architectures' files have no NEEDED that count here.
 */
export function unresolvedLibraries(tree: ReadonlyTree): UnresolvedLibrary[] {
  const unresolved: UnresolvedLibrary[] = [];
  for (const path of [...tree.keys()].sort()) {
    const entry = tree.get(path);
    if (entry?.type !== "file" || !mayBeElf(path, entry.mode)) continue;
    const elf = readElf(entry.content);
    if (elf === undefined || DEFAULT_DIRECTORIES[elf.machine] === undefined) continue;
    const missing = elf.needed.filter((soname) => findLibrary(tree, path, elf, soname) === undefined);
    const { interpreter } = elf;
    if (interpreter !== undefined && resolvePath(tree, interpreter) === undefined) missing.push(interpreter);
    unresolved.push(...missing.map((library) => ({ path: `/${path}`, library })));
  }
  return unresolved;
}

/** Programs are executable, libraries are named so: spares opening tens of thousands of data files. */
const mayBeElf = (path: string, mode: number): boolean => (mode & 0o111) !== 0 || /\.so(\.|$)/.test(path);
