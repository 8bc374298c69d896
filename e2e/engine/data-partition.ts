import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { RESERVE_GROUP } from "@holdfast/host";
import { cacheRoot, findMirror, runTool, toolsTree } from "@holdfast/image";

/** A partition of a test's own that can be filled: ext4 with the device's mount options, in a file. Root only. */
export class DataPartition {
  readonly path: string;
  readonly #file: string;

  private constructor(path: string) {
    this.path = path;
    this.#file = `${path}.ext4`;
  }

  /** Makes it and mounts it at a directory that does not exist yet. @throws where loop devices cannot be used */
  static async mount(path: string, bytes: number): Promise<DataPartition> {
    const partition = new DataPartition(path);
    const tree = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
    mkdirSync(path, { recursive: true });
    writeFileSync(partition.#file, "");
    truncateSync(partition.#file, bytes);
    await runTool(tree, ["mke2fs", "-q", "-t", "ext4", "-m", "5", partition.#file], {});
    execFileSync("mount", [
      "-o",
      `loop,nodelalloc,resuid=${RESERVE_GROUP},resgid=${RESERVE_GROUP}`,
      partition.#file,
      path,
    ]);
    return partition;
  }

  remove(): void {
    execFileSync("umount", ["-l", this.path]);
    rmSync(this.path, { recursive: true, force: true });
    rmSync(this.#file, { force: true });
  }
}
