import { chmod, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { openScratch, runTool, stage, toolsTree, type Workshop } from "@holdfast/image";
import { mkosiFolders, packageCache, writeProject } from "../mkosi/mkosi-folders.ts";
import { runMkosi } from "../mkosi/run-mkosi.ts";
import { debianProject } from "./debian-project.ts";

/** Raised when the project changes. */
const FORMAT = 1;

export type DebianImage = {
  readonly disk: string /** Private key that root's account accepts. */;
  readonly key: string;
};

/** Stock Debian trixie as a raw disk image; made once and kept in the cache. @throws Error with the end of mkosi's log */
export async function debianImage(workshop: Workshop, signal: AbortSignal): Promise<DebianImage> {
  const { cache, mirror, progress, tools } = workshop;
  const tree = await toolsTree({ cache, mirror, progress, signal, name: "mkosi" });
  const folder = await stage(
    { cache, name: "debian-peer", inputs: { format: FORMAT, tools: tree.key } },
    async (out) => {
      const step = progress.start("mkosi: build stock Debian");
      await using scratch = await openScratch(cache);
      const folders = mkosiFolders(scratch.directory, packageCache(cache));
      try {
        const key = join(out, "key");
        await runTool(tools, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", key]);
        const publicKey = await readFile(`${key}.pub`, "utf8");
        await writeProject(folders, debianProject({ folders, mirror, publicKey }));
        // sshd ignores keys in a folder that others may read.
        await chmod(join(folders.extra, "root/.ssh"), 0o700);
        await chmod(join(folders.extra, "root"), 0o700);
        await runMkosi({ tree, folders, incremental: false, signal });
        await rename(join(folders.output, "image.raw"), join(out, "debian.img"));
      } finally {
        step.end();
      }
    },
  );
  return { disk: join(folder, "debian.img"), key: join(folder, "key") };
}
