import { open } from "node:fs/promises";

const STEP = 1024 * 1024;
const BLOCK = 4096;

/** Copies a whole file into another from `offset` on; blocks of zeros are skipped, since the target has none but holes. */
export async function copySparse(source: string, target: string, offset: number, signal?: AbortSignal): Promise<void> {
  await using from = await open(source, "r");
  await using to = await open(target, "r+");
  const buffer = Buffer.allocUnsafe(STEP);
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, STEP, position);
    if (bytesRead === 0) return;
    for (const [start, end] of dataRuns(buffer.subarray(0, bytesRead))) {
      await to.write(buffer, start, end - start, offset + position + start);
    }
    position += bytesRead;
  }
}

const ZEROS = Buffer.alloc(BLOCK);

/** The runs of blocks that hold anything but zeros, as [start, end). */
export function dataRuns(bytes: Uint8Array): [start: number, end: number][] {
  const runs: [number, number][] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) {
    const block = bytes.subarray(at, at + BLOCK);
    if (ZEROS.compare(block, 0, block.length, 0, block.length) === 0) continue;
    const last = runs.at(-1);
    if (last?.[1] === at) last[1] = at + block.length;
    else runs.push([at, at + block.length]);
  }
  return runs;
}
