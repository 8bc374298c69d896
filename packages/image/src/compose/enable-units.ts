import { type Layer, refuse } from "@holdfast/contracts";
import type { Entry, ReadonlyTree, Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";

const unitFolders = ["etc/systemd/system", "usr/lib/systemd/system"];
const symlink = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });

/**
 * Does what presets with a final `disable *` would do: exactly the units that layers enable get the links of their
 * [Install] sections, masked ones point to /dev/null.
 * @throws `image.unknown-unit` when a layer enables a unit that no package or layer brings.
 */
export async function enableUnits(tree: Tree, layers: readonly Layer[]): Promise<void> {
  const disabled = new Set(layers.flatMap((layer) => layer.units.disable));
  const seen = new Set<string>();
  for (const layer of layers) {
    const waiting = layer.units.enable.filter((unit) => !disabled.has(unit));
    for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) {
      if (seen.has(unit)) continue;
      seen.add(unit);
      waiting.push(...(await enableUnit(tree, unit, layer.name)));
    }
  }
  for (const unit of layers.flatMap((layer) => layer.units.mask))
    tree.set(`etc/systemd/system/${unit}`, symlink("/dev/null"));
}

async function enableUnit(tree: Tree, unit: string, layer: string): Promise<string[]> {
  const source = findUnit(tree, unit) ?? findUnit(tree, templateOf(unit));
  if (source === undefined) {
    return refuse("image.unknown-unit", {
      message: `Layer ${layer}: units.enable: there is no unit "${unit}".`,
      hint: "Name the package that brings it, or put the file below the layer's files/ folder.",
    });
  }
  const install = parseInstall(new TextDecoder().decode(await readContent(source.content)));
  for (const [key, kind] of [
    ["WantedBy", "wants"],
    ["RequiredBy", "requires"],
  ] as const) {
    for (const target of install.get(key) ?? [])
      tree.set(`etc/systemd/system/${target}.${kind}/${unit}`, symlink(`/${source.path}`));
  }
  for (const alias of install.get("Alias") ?? []) {
    if (alias !== unit) tree.set(`etc/systemd/system/${alias}`, symlink(`/${source.path}`));
  }
  return install.get("Also") ?? [];
}

function templateOf(unit: string): string {
  return unit.replace(/@[^.]*\./, "@.");
}

function findUnit(tree: ReadonlyTree, unit: string) {
  for (const folder of unitFolders) {
    const path = `${folder}/${unit}`;
    const entry = tree.get(path);
    if (entry?.type === "file") return { path, content: entry.content };
    if (entry?.type === "symlink") {
      const target = tree.get(`${folder}/${entry.target.split("/").at(-1) ?? ""}`);
      if (target?.type === "file") return { path, content: target.content };
    }
  }
  return undefined;
}

/** The [Install] section of a unit file: key -> values. Pure. */
export function parseInstall(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  let inside = false;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("[")) inside = line === "[Install]";
    const at = line.indexOf("=");
    if (!inside || at < 0 || line.startsWith("#") || line.startsWith(";")) continue;
    const key = line.slice(0, at).trim();
    values.set(key, [
      ...(values.get(key) ?? []),
      ...line
        .slice(at + 1)
        .trim()
        .split(/\s+/)
        .filter((value) => value !== ""),
    ]);
  }
  return values;
}
