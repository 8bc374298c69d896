import { join } from "node:path";
import { type BenchModule, type BenchReport, machineFacts, openWorkshop } from "@holdfast/cli";
import { messageOf } from "@holdfast/contracts";
import { readBoard } from "@holdfast/image";
import type { BuilderFigures } from "./image/figures.ts";
import { imageAims, imageRows } from "./image/image-report.ts";
import { measureMkosi } from "./image/measure-mkosi.ts";
import type { MkosiContents } from "./image/mkosi-project.ts";
import { measureOurs } from "./image/ours/measure-ours.ts";

const BOARD = "generic-amd64";

/**
 * `holdfast bench image`: time, CPU time and sizes of building our image, and of mkosi building a bootable image with a
 * verity root of the same packages, on this machine, one after the other.
 */
export const bench: BenchModule["bench"] = async ({ progress, signal }): Promise<BenchReport> => {
  const machine = machineFacts();
  const workshop = await openWorkshop({ progress, signal });
  const ours = await measureOurs(BOARD, workshop, signal);
  const missing: Record<string, string> = {};
  let mkosi: BuilderFigures | undefined;
  try {
    mkosi = await measureMkosi(await boardContents(join(workshop.repository, "os")), workshop, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    missing["mkosi"] = messageOf(thrown);
  }
  return { name: "image", machine, rows: imageRows(ours, mkosi), aims: imageAims(ours, mkosi), missing };
};

/** What the layers and the board ask for, in the terms of the peer. */
async function boardContents(osDir: string): Promise<MkosiContents> {
  const { board, layers, requestedBy } = await readBoard(osDir, BOARD);
  const initrdModules = [...board.initrdModules, ...layers.flatMap(({ layer }) => layer.initrd.modules)];
  const modules = layers.flatMap(({ layer }) => [...layer.modules, ...(layer.modulesFor[board.arch] ?? [])]);
  const unique = (names: readonly string[]): string[] => [...new Set(names)].sort();
  return {
    packages: unique([...requestedBy.keys()]),
    modules: unique([...modules, ...board.modules, ...initrdModules]),
    initrdModules: unique(initrdModules),
  };
}
