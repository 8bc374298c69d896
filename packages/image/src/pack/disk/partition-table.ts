import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageTools } from "../image-tools.ts";
import { GPT_HEAD_SECTORS, type Gpt, parseGpt } from "./gpt.ts";
import { readHead } from "./read-head.ts";

/**
 * The five partitions of every device, in order. Their types are our own, so that no generator of systemd's takes them
 * for something to mount; only the first is the standard's ESP, since the firmware looks for it.
 */
const PARTITIONS = [
  { label: "resin-boot", type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" },
  { label: "resin-rootA", type: "3a1c52f0-96c5-4a4f-8f0e-5d1b8c1f6a01" },
  { label: "resin-rootB", type: "3a1c52f0-96c5-4a4f-8f0e-5d1b8c1f6a02" },
  { label: "resin-state", type: "3a1c52f0-96c5-4a4f-8f0e-5d1b8c1f6a03" },
  { label: "resin-data", type: "3a1c52f0-96c5-4a4f-8f0e-5d1b8c1f6a04" },
] as const;
export type PartitionLabel = (typeof PARTITIONS)[number]["label"];

/** Sizes in bytes, each a multiple of 1 MiB. */
export type PartitionSizes = Readonly<Record<PartitionLabel, number>>;

const MEBIBYTE = 1024 * 1024;
/** The table before and after the partitions, each rounded up to the alignment. */
const OVERHEAD = 2 * MEBIBYTE;

const diskSize = (sizes: PartitionSizes): number =>
  PARTITIONS.reduce((total, { label }) => total + sizes[label], OVERHEAD);

export type PartitionTableOptions = {
  readonly file: string;
  readonly sizes: PartitionSizes;
  /** UUID from which those of the disk and of all partitions come. */
  readonly seed: string;
  readonly tools: ImageTools;
  readonly scratch: string;
};

/** Creates a sparse disk image with the partition table and empty partitions. Returns where they came to lie. */
export async function createPartitionTable(options: PartitionTableOptions): Promise<Gpt> {
  const definitions = await mkdtemp(join(options.scratch, "repart-"));
  try {
    for (const [index, { label, type }] of PARTITIONS.entries()) {
      const size = options.sizes[label];
      const text = `[Partition]\nType=${type}\nLabel=${label}\nSizeMinBytes=${size}\nSizeMaxBytes=${size}\nPriority=0\n`;
      await writeFile(join(definitions, `${index + 1}0-${label}.conf`), text);
    }
    await options.tools.run([
      "systemd-repart",
      "--empty=create",
      "--dry-run=no",
      "--offline=yes",
      // Its default of 4096 gives tables that no firmware finds.
      "--sector-size=512",
      `--size=${diskSize(options.sizes)}`,
      `--seed=${options.seed}`,
      `--definitions=${definitions}`,
      "--no-pager",
      options.file,
    ]);
  } finally {
    await rm(definitions, { recursive: true, force: true });
  }
  const gpt = parseGpt(await readHead(options.file, GPT_HEAD_SECTORS * 512));
  if (gpt === undefined) throw new Error(`${options.file}: systemd-repart left no readable partition table`);
  return gpt;
}
