import { refuse } from "@holdfast/contracts";
import { compileGlobs } from "../../compose/path-globs.ts";
import { contentOf, type Entry, type ReadonlyTree, type Tree } from "../../tree/entry.ts";
import { readElf } from "./elf.ts";
import { findLibrary } from "./libraries.ts";
import { resolvePath } from "./resolve-path.ts";

/** What goes into an initrd: the merged `initrd` parts of all layers and the board. */
export type InitrdSpec = {
  /** Kernel modules by name; dependencies are added. */
  readonly modules: readonly string[];
  /** Absolute paths or globs of files, links, programs and whole directories of the root; libraries are added. */
  readonly paths: readonly string[];
  /** Unit -> units it wants. */
  readonly wants: Readonly<Record<string, readonly string[]>>;
  /** Entries that exist in the initrd only, or replace the root's, by path without leading slash. */
  readonly entries: ReadonlyTree;
};

const UNITS = "usr/lib/systemd/system";
const SKELETON = ["dev", "etc", "proc", "root", "run", "sys", "sysroot", "tmp", "usr", "var", UNITS];
const USR_MERGED = ["bin", "lib", "lib64", "sbin"];
/** systemd and udev look accounts up; the rest of /etc stays in the root. */
const ACCOUNT_FILES = ["etc/passwd", "etc/group"];

/**
 * Chooses an initrd's tree from the complete root: the listed paths with what their links lead to and the libraries they
 * need, the units' wants, and the skeleton that systemd expects. Kernel modules are not its concern. Reads ELF headers.
 * @throws `image.initrd-missing-path` when a listed path matches nothing, `image.unknown-unit` for a want that is not in
 * the initrd, `image.unresolved-library` for a library that the root does not hold.
 */
export function composeInitrd(root: ReadonlyTree, spec: Omit<InitrdSpec, "modules">): Tree {
  const tree: Tree = new Map();
  for (const name of USR_MERGED) addMerged(root, tree, name);
  for (const path of ACCOUNT_FILES) if (root.has(path)) addPath(root, tree, path);
  for (const path of spec.paths) for (const match of matches(root, path)) addPath(root, tree, match);
  for (const [path, entry] of spec.entries) addEntry(root, tree, path, entry);
  for (const [unit, wanted] of Object.entries(spec.wants)) addWants(root, tree, unit, wanted);
  for (const path of SKELETON) addDirectory(root, tree, path);
  tree.set("tmp", directory(0o1777));
  addDefaults(root, tree);
  for (const [path, entry] of [...tree]) if (entry.type === "file") addLibraries(root, tree, path, entry);
  return tree;
}

/** The files and marks that make a tree an initrd, unless the layers brought their own. */
function addDefaults(root: ReadonlyTree, tree: Tree): void {
  const release = resolvePath(root, "usr/lib/os-release")?.entry ?? file("ID=holdfast\n");
  const defaults: readonly [string, Entry][] = [
    ["init", link("usr/lib/systemd/systemd")],
    ["usr/lib/initrd-release", release],
    ["etc/initrd-release", link("../usr/lib/initrd-release")],
    ["etc/os-release", link("initrd-release")],
    ["etc/machine-id", file("")],
    ["var/run", link("../run")],
  ];
  for (const [path, entry] of defaults) if (!tree.has(path)) addEntry(root, tree, path, entry);
}

function matches(root: ReadonlyTree, wanted: string): string[] {
  if (!wanted.includes("*")) return [wanted.slice(1)];
  const isMatch = compileGlobs([wanted]);
  const found = [...root.keys()].filter(isMatch).sort();
  return found.length > 0 ? found : missingPath(wanted);
}

function missingPath(wanted: string): never {
  return refuse("image.initrd-missing-path", {
    message: `The initrd asks for "${wanted}", which the composed root does not hold.`,
    hint: "Correct the path in the layer's initrd, or add the package that brings it.",
  });
}

/** Adds a path as the root has it: links stay links and what they lead to comes along, directories bring their content. */
function addPath(root: ReadonlyTree, tree: Tree, path: string): void {
  const resolved = resolvePath(root, path);
  if (resolved === undefined) missingPath(`/${path}`);
  for (const name of [...resolved.links, resolved.path]) {
    const entry = root.get(name);
    if (entry !== undefined) addEntry(root, tree, name, entry);
  }
  if (resolved.entry.type !== "directory") return;
  const inside = `${resolved.path}/`;
  for (const name of [...root.keys()].sort()) if (name.startsWith(inside)) addPath(root, tree, name);
}

function addEntry(root: ReadonlyTree, tree: Tree, path: string, entry: Entry): void {
  tree.set(path, entry);
  if (path.includes("/")) addDirectory(root, tree, path.slice(0, path.lastIndexOf("/")));
}

function addDirectory(root: ReadonlyTree, tree: Tree, path: string): void {
  const known = root.get(path);
  if (!tree.has(path)) tree.set(path, known?.type === "directory" ? known : directory(0o755));
  if (path.includes("/")) addDirectory(root, tree, path.slice(0, path.lastIndexOf("/")));
}

function addMerged(root: ReadonlyTree, tree: Tree, name: string): void {
  const entry = root.get(name);
  if (entry === undefined && name === "lib64" && !root.has("usr/lib64")) return;
  tree.set(name, entry?.type === "symlink" ? entry : link(`usr/${name}`));
  addDirectory(root, tree, `usr/${name}`);
}

function addWants(root: ReadonlyTree, tree: Tree, unit: string, wanted: readonly string[]): void {
  for (const name of wanted) {
    const target = tree.has(`${UNITS}/${name}`) ? name : name.replace(/@[^.]*\./, "@.");
    if (!tree.has(`${UNITS}/${target}`)) {
      refuse("image.unknown-unit", {
        message: `In the initrd, "${unit}" wants "${name}", which is not among the initrd's units.`,
        hint: `Add /${UNITS}/${target} to the initrd's paths.`,
      });
    }
    addEntry(root, tree, `${UNITS}/${unit}.wants/${name}`, link(`../${target}`));
  }
}

function addLibraries(root: ReadonlyTree, tree: Tree, path: string, entry: Entry): void {
  const elf = entry.type === "file" ? readElf(entry.content) : undefined;
  if (elf === undefined) return;
  const libraries = elf.needed.map((soname) => ({ soname, found: findLibrary(root, path, elf, soname) }));
  const { interpreter } = elf;
  if (interpreter !== undefined) libraries.push({ soname: interpreter, found: resolvePath(root, interpreter) });
  for (const { soname, found } of libraries) {
    if (found === undefined) {
      refuse("image.unresolved-library", {
        message: `"/${path}" in the initrd needs ${soname}, which the composed root does not hold.`,
        hint: "Add the package that brings the library, or leave the program out.",
      });
    }
    for (const name of [...found.links, found.path]) {
      const source = root.get(name);
      if (source === undefined || tree.has(name)) continue;
      addEntry(root, tree, name, source);
      addLibraries(root, tree, name, source);
    }
  }
}

const directory = (mode: number): Entry => ({ type: "directory", mode, uid: 0, gid: 0 });
const link = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });
const file = (text: string): Entry => ({ type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 });
