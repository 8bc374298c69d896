import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Board, type Layer, refuse, suggestName } from "@holdfast/contracts";

/** A layer and the folder its files are relative to. */
export type LoadedLayer = { readonly layer: Layer; readonly folder: string };

/** Names of all layers below `os/layers`. */
export async function listLayers(osDir: string): Promise<string[]> {
  const entries = await readdir(join(osDir, "layers"), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Slugs of all boards below `os/boards`. */
export async function listBoards(osDir: string): Promise<string[]> {
  const files = await readdir(join(osDir, "boards"));
  return files
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -3))
    .sort();
}

/** @throws `image.unknown-board` with the nearest name; `image.invalid-board` when its definition is wrong. */
export async function loadBoard(osDir: string, slug: string): Promise<Board> {
  const known = await listBoards(osDir);
  if (!known.includes(slug)) refuseUnknown("image.unknown-board", "board", slug, known);
  return (await importDefault<Board>(join(osDir, "boards", `${slug}.ts`))).value;
}

/** @throws `image.unknown-layer` with the nearest name; `image.invalid-layer` when a definition is wrong. */
export async function loadLayers(osDir: string, names: readonly string[]): Promise<LoadedLayer[]> {
  const known = await listLayers(osDir);
  return await Promise.all(
    names.map(async (name) => {
      if (!known.includes(name)) refuseUnknown("image.unknown-layer", "layer", name, known);
      const folder = join(osDir, "layers", name);
      const { value: layer, file } = await importDefault<Layer>(join(folder, "layer.ts"));
      if (layer.name !== name) {
        refuse("image.invalid-layer", {
          message: `${file}: name: is "${layer.name}", its folder is "${name}"`,
          hint: "Make both the same.",
        });
      }
      return { layer, folder };
    }),
  );
}

function refuseUnknown(
  code: "image.unknown-board" | "image.unknown-layer",
  what: string,
  wrong: string,
  known: readonly string[],
): never {
  return refuse(code, { message: `There is no ${what} "${wrong}".`, hint: suggestName(wrong, known) });
}

async function importDefault<T>(file: string): Promise<{ value: T; file: string }> {
  // The definition was validated by defineLayer or defineBoard when the module ran; its default export is that value.
  const module = (await import(pathToFileURL(file).href)) as { readonly default: T };
  return { value: module.default, file };
}
