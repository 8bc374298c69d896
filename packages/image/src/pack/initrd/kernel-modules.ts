import { nearestName, refuse } from "@holdfast/contracts";
import type { ReadonlyTree } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";

/** What depmod wrote about a kernel's modules, as far as choosing some of them needs it. */
export type ModuleIndex = {
  /** Name with underscores -> path below usr/lib/modules/<version>/. */
  readonly paths: ReadonlyMap<string, string>;
  /** Path -> paths it needs, all of them (modules.dep is transitive). */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Name -> names or aliases that should be loaded with it. */
  readonly soft: ReadonlyMap<string, readonly string[]>;
  /** Alias without wildcards -> name. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly builtin: ReadonlySet<string>;
};

export type ModuleTexts = {
  readonly dep: string;
  readonly softdep: string;
  readonly alias: string;
  readonly builtin: string;
};

/** Modules treat - and _ in names alike. */
const moduleName = (path: string): string =>
  path
    .slice(path.lastIndexOf("/") + 1)
    .replace(/\.ko(\.(xz|zst|gz))?$/, "")
    .replaceAll("-", "_");

/** Parses modules.dep, .softdep, .alias and .builtin. Pure. */
export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
  const linesOf = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const dependencies = new Map(
    linesOf(texts.dep).map((line): [string, string[]] => {
      const [path = "", needed = ""] = line.split(":");
      return [path, needed.split(" ").filter((name) => name !== "")];
    }),
  );
  const soft = new Map<string, string[]>();
  for (const line of linesOf(texts.softdep)) {
    const [, name = "", ...words] = line.split(/\s+/);
    const wanted = words.filter((word) => word !== "" && !word.endsWith(":"));
    soft.set(moduleName(name), [...(soft.get(moduleName(name)) ?? []), ...wanted]);
  }
  const aliases = new Map(
    linesOf(texts.alias)
      .map((line) => line.split(/\s+/))
      .map(([, alias = "", name = ""]): [string, string] => [alias.replaceAll("-", "_"), moduleName(name)]),
  );
  return {
    paths: new Map([...dependencies.keys()].map((path) => [moduleName(path), path])),
    dependencies,
    soft,
    aliases,
    builtin: new Set(linesOf(texts.builtin).map(moduleName)),
  };
}

/**
 * Paths, below usr/lib/modules/<version>/, of the named modules and of everything they need, sorted. A name that is built
 * into the kernel gives no path; a soft dependency that does not exist is no error, as it is none for modprobe.
 * @throws `image.unknown-module` naming what the kernel has neither as a module nor built in.
 */
export function selectModules(index: ModuleIndex, wanted: readonly string[]): string[] {
  const selected = new Set<string>();
  const pending = wanted.map((name) => requireModule(index, name)).filter((path) => path !== undefined);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (selected.has(path)) continue;
    selected.add(path);
    pending.push(...(index.dependencies.get(path) ?? []));
    for (const name of index.soft.get(moduleName(path)) ?? []) {
      const soft = pathOf(index, name);
      if (soft !== undefined) pending.push(soft);
    }
  }
  return [...selected].sort();
}

function pathOf(index: ModuleIndex, name: string): string | undefined {
  const bare = name.replaceAll("-", "_");
  return index.paths.get(bare) ?? index.paths.get(index.aliases.get(bare) ?? "");
}

function requireModule(index: ModuleIndex, name: string): string | undefined {
  const path = pathOf(index, name);
  if (path !== undefined || index.builtin.has(moduleName(name))) return path;
  const nearest = nearestName(name, [...index.paths.keys()]);
  return refuse("image.unknown-module", {
    message: `The initrd asks for the kernel module "${name}", which the composed root does not hold.`,
    hint:
      nearest === undefined ? "Check the initrd modules of the layers and the board." : `Did you mean "${nearest}"?`,
  });
}

/** Reads a tree's module index. @throws Error when depmod has not been run on the tree. */
export async function readModuleIndex(tree: ReadonlyTree, kernelVersion: string): Promise<ModuleIndex> {
  const textOf = async (name: string): Promise<string> => {
    const entry = tree.get(`usr/lib/modules/${kernelVersion}/${name}`);
    return entry?.type === "file" ? new TextDecoder().decode(await readContent(entry.content)) : "";
  };
  if (!tree.has(`usr/lib/modules/${kernelVersion}/modules.dep`)) throw new Error(`no modules.dep for ${kernelVersion}`);
  const [dep, softdep, alias, builtin] = await Promise.all(
    ["modules.dep", "modules.softdep", "modules.alias", "modules.builtin"].map(textOf),
  );
  return parseModuleIndex({ dep: dep ?? "", softdep: softdep ?? "", alias: alias ?? "", builtin: builtin ?? "" });
}
