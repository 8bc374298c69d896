import path from "node:path";
import { type InspectedImage, imageTools, inspectImage, openScratch, toolCommand } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { openTools } from "../machine/tools.ts";
import { alignColumns } from "../output/align-columns.ts";
import { formatBytes } from "../output/format-quantity.ts";

/** Largest packages that are shown without --packages. */
const LARGEST = 15;

/** `holdfast inspect IMAGE`. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const tools = imageTools(toolCommand(await openTools(context)), 0);
  await using scratch = await openScratch(cacheDirectory);
  const options = { tools, scratch: scratch.directory, signal: context.signal };
  const image = await inspectImage(args.required("IMAGE"), options);
  if (context.json) context.printJson(image);
  else context.print(describeImage(image, args.flag("packages")));
}

function describeImage(image: InspectedImage, allPackages: boolean): string {
  const packages = allPackages ? image.packages : image.packages.slice(0, LARGEST);
  const title = allPackages ? `Packages (${image.packages.length})` : `Largest of ${image.packages.length} packages`;
  return [
    `${path.basename(image.file)}: ${image.osRelease["PRETTY_NAME"] ?? "no system in slot A"}, ${formatBytes(image.size)}`,
    section("Partitions", ["label", "number", "size", "starts at"], partitionRows(image)),
    section("Slots", ["label", "content", "verity root"], slotRows(image)),
    section("Boot entries", ["file", "size", "kernel", "of which kernel", "initrd", "signed"], ukiRows(image)),
    section("Other files of the boot partition", ["file", "size"], bootRows(image)),
    section(
      title,
      ["package", "version", "size"],
      packages.map(({ name, version, bytes }) => [name, version, formatBytes(bytes)]),
    ),
  ].join("\n\n");
}

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  const indent = ([first = "", ...rest]: readonly string[]): string[] => [`  ${first}`, ...rest];
  return rows.length === 0 ? `${title}\n  none` : `${title}\n${alignColumns(rows.map(indent), indent(header))}`;
}

const partitionRows = (image: InspectedImage): string[][] =>
  image.partitions.map(({ label, number, size, offset }) => [
    label,
    String(number),
    formatBytes(size),
    formatBytes(offset),
  ]);

const slotRows = (image: InspectedImage): string[][] =>
  image.slots.map(({ label, filesystem, verity }) => {
    if (filesystem === undefined) return [label, "empty", ""];
    return [label, `erofs, ${formatBytes(filesystem.size)}`, verity === undefined ? "none" : "hash tree appended"];
  });

const ukiRows = (image: InspectedImage): string[][] =>
  image.ukis.map((uki) => [
    uki.path,
    formatBytes(uki.size),
    uki.kernelVersion,
    formatBytes(uki.kernelSize),
    formatBytes(uki.initrdSize),
    uki.signed ? "yes" : "no",
  ]);

const bootRows = (image: InspectedImage): string[][] =>
  image.boot
    .filter(({ path: file }) => !image.ukis.some((uki) => uki.path === file))
    .map(({ path: file, size }) => [file, formatBytes(size)]);
