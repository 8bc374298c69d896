import type { Layer } from "@holdfast/contracts";
import { listLayers, loadLayers } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { alignColumns } from "../output/align-columns.ts";
import { osDirectory } from "../repository-root.ts";

/** `holdfast layers [LAYER]`. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const wanted = args.argument("LAYER");
  const names = wanted === undefined ? await listLayers(osDirectory) : [wanted];
  const layers = (await loadLayers(osDirectory, names)).map(({ layer }) => layer);
  const [only] = layers;
  if (context.json) context.printJson(wanted === undefined ? layers : only);
  else if (wanted !== undefined && only !== undefined) context.print(describeLayer(only));
  else
    context.print(
      alignColumns(
        layers.map((layer) => [layer.name, packageCount(layer), layer.why]),
        ["layer", "packages", "why"],
      ),
    );
}

const packagesOf = (layer: Layer): [string, string][] => [
  ...Object.entries(layer.packages),
  ...Object.entries(layer.packagesFor).flatMap(([arch, packages]) =>
    Object.entries(packages).map(([name, why]): [string, string] => [`${name} (${arch})`, why]),
  ),
];
const packageCount = (layer: Layer): string => String(packagesOf(layer).length);

/** One layer in full: everything a reader wants to know before opening its file. */
function describeLayer(layer: Layer): string {
  const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0
      ? []
      : [`${title}\n${alignColumns(rows.map(([first = "", ...rest]) => [`  ${first}`, ...rest]))}`];
  return [
    `${layer.name}: ${layer.why}`,
    ...section("Packages", packagesOf(layer)),
    ...section(
      "Started units",
      layer.units.enable.map((unit) => [unit]),
    ),
    ...section(
      "Users",
      layer.users.map((user) => [user.name, user.comment]),
    ),
    ...section(
      "Paths that persist",
      layer.state.map(({ path, partition }) => [path, `on resin-${partition}`]),
    ),
  ].join("\n\n");
}
