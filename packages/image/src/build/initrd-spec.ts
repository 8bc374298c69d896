import type { Board } from "@holdfast/contracts";
import type { AccountsLedger } from "../compose/accounts.ts";
import { fileEntry } from "../compose/layer-files.ts";
import type { LoadedLayer } from "../compose/load-definitions.ts";
import { watchdogSettings } from "../compose/watchdog.ts";
import type { InitrdSpec } from "../pack/index.ts";
import type { Tree } from "../tree/entry.ts";

/** Merges what all layers and the board want in the initrd. */
export async function initrdSpec(
  layers: readonly LoadedLayer[],
  board: Board,
  accounts: AccountsLedger,
): Promise<InitrdSpec> {
  const entries: Tree = watchdogSettings(board);
  const wants: Record<string, string[]> = {};
  for (const { layer, folder } of layers) {
    for (const file of layer.initrd.files) entries.set(...(await fileEntry(file, folder, layer.name, accounts)));
    for (const [unit, wanted] of Object.entries(layer.initrd.wants)) wants[unit] = [...(wants[unit] ?? []), ...wanted];
  }
  return {
    modules: [...new Set([...layers.flatMap(({ layer }) => layer.initrd.modules), ...board.initrdModules])],
    paths: [...new Set(layers.flatMap(({ layer }) => layer.initrd.paths))],
    wants,
    entries,
  };
}
