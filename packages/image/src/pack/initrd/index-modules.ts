import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Entry, ReadonlyTree, Tree } from "../../tree/entry.ts";
import { readContent } from "../../tree/read-content.ts";
import type { ImageTools } from "../image-tools.ts";

/** Lists of the kernel's own that depmod reads; they describe the whole kernel and go along unchanged. */
const KERNEL_LISTS = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];

export type IndexModulesOptions = {
  readonly kernelVersion: string;
  /** Paths below usr/lib/modules/<version>/. */
  readonly modules: readonly string[];
  readonly tools: ImageTools;
  /** An existing directory for scratch files. */
  readonly scratch: string;
};

/**
 * The chosen modules with indexes of their own: kmod reads only the binary ones, which depmod alone writes, and the whole
 * kernel's would name modules that are not there.
 */
export async function indexedModules(root: ReadonlyTree, options: IndexModulesOptions): Promise<Tree> {
  const { kernelVersion, modules, tools, scratch } = options;
  const base = await mkdtemp(join(scratch, "depmod-"));
  const folder = `usr/lib/modules/${kernelVersion}`;
  const tree: Tree = new Map();
  try {
    await mkdir(join(base, folder), { recursive: true });
    await symlink("usr/lib", join(base, "lib"));
    for (const name of [...KERNEL_LISTS, ...modules]) {
      const entry = root.get(`${folder}/${name}`);
      if (entry?.type !== "file") continue;
      tree.set(`${folder}/${name}`, entry);
      await mkdir(dirname(join(base, folder, name)), { recursive: true });
      await writeFile(join(base, folder, name), await readContent(entry.content));
    }
    await tools.run(["depmod", "--basedir", base, kernelVersion]);
    for (const name of await readdir(join(base, folder))) {
      if (!name.startsWith("modules.") || KERNEL_LISTS.includes(name)) continue;
      tree.set(`${folder}/${name}`, plainFile(await readFile(join(base, folder, name))));
    }
    // The lists served depmod; what kmod reads of them at run time is in the binary indexes.
    for (const name of KERNEL_LISTS) tree.delete(`${folder}/${name}`);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
  return tree;
}

const plainFile = (bytes: Uint8Array): Entry => ({
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  content: { kind: "bytes", bytes },
});
