import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openScratch, runTool, type ToolsTree, toolsTree, type Workshop } from "@holdfast/image";
import { z } from "zod";
import { type Cost, describeCost } from "../measure/timed-run.ts";
import { type MkosiFolders, mkosiFolders, packageCache, writeProject } from "../mkosi/mkosi-folders.ts";
import { runMkosi } from "../mkosi/run-mkosi.ts";
import type { BuilderFigures, Sizes } from "./figures.ts";
import { type MkosiContents, mkosiProject } from "./mkosi-project.ts";

type Mkosi = {
  readonly tree: ToolsTree;
  readonly folders: MkosiFolders;
  readonly contents: MkosiContents;
  readonly workshop: Workshop;
  readonly signal: AbortSignal;
};

/**
 * Lets mkosi, from a tools tree of its own, build an image of the same contents: once unmeasured, which fills its package
 * cache and the cached trees of incremental builds; then incrementally with one changed file; then cold, without cached
 * trees and without the work of saving them.
 * @throws Error with the end of mkosi's log
 */
export async function measureMkosi(
  contents: MkosiContents,
  workshop: Workshop,
  signal: AbortSignal,
): Promise<BuilderFigures> {
  const { cache, mirror, progress } = workshop;
  const tree = await toolsTree({ cache, mirror, progress, signal, name: "mkosi" });
  await using scratch = await openScratch(cache);
  const folders = mkosiFolders(scratch.directory, packageCache(cache));
  const mkosi: Mkosi = { tree, folders, contents, workshop, signal };
  await build(mkosi, { title: "mkosi: fill its caches", marker: "one", incremental: true });
  const rebuild = await build(mkosi, { title: "mkosi: rebuild", marker: "two", incremental: true });
  const cold = await build(mkosi, { title: "mkosi: build cold", marker: "three", incremental: false });
  return { cold, rebuild, sizes: await sizesOf(mkosi) };
}

type Build = { readonly title: string; readonly marker: string; readonly incremental: boolean };

async function build(mkosi: Mkosi, { title, marker, incremental }: Build): Promise<Cost> {
  const { folders, tree, workshop, contents, signal } = mkosi;
  await writeProject(folders, mkosiProject({ folders, mirror: workshop.mirror, contents, marker }));
  const step = workshop.progress.start(title);
  let cost: Cost | undefined;
  try {
    cost = await runMkosi({ tree, folders, incremental, signal });
    return cost;
  } finally {
    step.end(cost === undefined ? undefined : describeCost(cost));
  }
}

const partitionTable = z.object({
  partitiontable: z.object({
    sectorsize: z.number(),
    partitions: z.array(z.object({ type: z.string(), size: z.number() })),
  }),
});
/** GPT types of an x86-64 root and its hash tree (Discoverable Partitions Specification). */
const ROOT_TYPES = ["4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5"];
const BLOCK = 512;

async function sizesOf({ folders, workshop }: Mkosi): Promise<Sizes> {
  const image = join(folders.output, "image.raw");
  const { stdout } = await runTool(workshop.tools, ["sfdisk", "--json", image]);
  const { sectorsize, partitions } = partitionTable.parse(JSON.parse(stdout)).partitiontable;
  const slot = partitions
    .filter(({ type }) => ROOT_TYPES.includes(type.toUpperCase()))
    .reduce((sum, { size }) => sum + size * sectorsize, 0);
  if (slot === 0) throw new Error("mkosi's image holds no root partition");
  const size = async (name: string): Promise<number> => (await stat(join(folders.output, name))).size;
  return {
    slot,
    initrd: await size("image.initrd"),
    uki: await size("image.efi"),
    image: (await stat(image)).blocks * BLOCK,
  };
}
