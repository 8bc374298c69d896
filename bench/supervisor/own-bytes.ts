import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { bundlePrograms, release } from "@holdfast/cli";
import {
  decompressFrames,
  fetchBoardPackages,
  nodeBinary,
  readBoard,
  supervisorArchive,
  type Workshop,
} from "@holdfast/image";

/** `image`: what the engine would unpack, without Node's program, which lies at `node`. */
export type OwnBytes = { readonly bundle: number; readonly image: number; readonly node: string };

/** Sizes of the supervisor's bundle and of its container image for the board. */
export async function ownBytes(board: string, workshop: Workshop): Promise<OwnBytes> {
  const { version, epoch } = await release(undefined, process.env);
  const programs = await bundlePrograms(version);
  const resolved = await readBoard(join(workshop.repository, "os"), board);
  const { lock } = await fetchBoardPackages(resolved, workshop, false);
  const tree = await supervisorArchive(resolved.board, lock, { programs, epoch, compression: "none" }, workshop);
  const node = await nodeBinary({ ...workshop, architecture: resolved.board.arch });
  const archive = [...tree.values()].flatMap((entry) =>
    entry.type === "file" && "file" in entry.content ? [entry.content.file] : [],
  );
  const image = decompressFrames(await readFile(archive[0] ?? "")).length;
  const bundle = programs.supervisor.files["supervisor.js"]?.length ?? Number.NaN;
  return { bundle, image: image - (await stat(node.file)).size, node: node.file };
}
