import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Board } from "@holdfast/contracts";
import type { Lock } from "../apt/index.ts";
import { stage } from "../cache/index.ts";
import { nodeBinary } from "../oci/node-binary.ts";
import { type SupervisorImageInput, supervisorPackages, writeSupervisorImage } from "../oci/supervisor-image.ts";
import type { Tree } from "../tree/entry.ts";
import type { RootfsOptions, Workshop } from "./build-options.ts";
import { fingerprint } from "./fingerprint.ts";
import { openLocked } from "./open-packages.ts";

const ARCHIVE = "supervisor.tar.zst";
const MANIFEST = "supervisor.json";

/** The supervisor's image as the slot carries it: its archive and the manifest that the host holds the engine's copy against. */
export async function supervisorArchive(
  board: Board,
  lock: Lock,
  { programs, epoch, compression: slotCompression }: Pick<RootfsOptions, "programs" | "epoch" | "compression">,
  workshop: Workshop,
): Promise<Tree> {
  const { cache, repository, env, progress } = workshop;
  const node = await nodeBinary({ architecture: board.arch, repository, cache, env });
  const packages = lock.packages.filter(({ name }) => (supervisorPackages as readonly string[]).includes(name));
  const { files, version, start } = programs.supervisor;
  // Like the slot itself, only a release is made as small as can be.
  const compression: SupervisorImageInput["compression"] = slotCompression === "none" ? "fast" : "small";
  const inputs = {
    code: await fingerprint(repository, [
      "packages/image/src/oci",
      "packages/image/src/pack/archive",
      "packages/image/src/tree",
    ]),
    node: node.sha256,
    packages: packages.map(({ sha256 }) => sha256),
    files: Object.entries(files).map(([name, bytes]) => [name, createHash("sha256").update(bytes).digest("hex")]),
    version,
    start,
    epoch,
    arch: board.arch,
    compression,
  };
  const folder = await stage({ cache, name: "supervisor", inputs }, async (directory) => {
    const step = progress.start("compose supervisor image");
    const input = {
      architecture: board.arch,
      bundle: files,
      start,
      version,
      node: node.file,
      nodeSize: (await stat(node.file)).size,
      packages: await openLocked(packages, lock, workshop),
      epoch,
      cache,
      compression,
      ...(workshop.signal === undefined ? {} : { signal: workshop.signal }),
    };
    workshop.signal?.throwIfAborted();
    const manifest = await writeSupervisorImage(input, join(directory, ARCHIVE));
    await writeFile(join(directory, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
    step.end();
  });
  const archive = join(folder, ARCHIVE);
  const owner = { mode: 0o644, uid: 0, gid: 0 } as const;
  return new Map([
    [
      `usr/lib/holdfast/${ARCHIVE}`,
      {
        type: "file",
        content: { kind: "range", file: archive, offset: 0, size: (await stat(archive)).size },
        ...owner,
      },
    ],
    [
      `usr/lib/holdfast/${MANIFEST}`,
      { type: "file", content: { kind: "bytes", bytes: await readFile(join(folder, MANIFEST)) }, ...owner },
    ],
  ]);
}
