import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { parseConfig, publishImage, type SecureBootKeys } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { type DeviceImageRequest, deviceImage } from "../image/device-image.ts";
import { release } from "../image/release.ts";
import { openWorkshop } from "../machine/workshop.ts";
import { alignColumns } from "../output/align-columns.ts";
import { formatPath } from "../output/format-path.ts";
import { formatBytes } from "../output/format-quantity.ts";
import { printNote } from "../output/print-note.ts";

/** A release is downloaded many times; a development image is flashed once. */
const LEVELS = { development: 3, production: 12 } as const;

/** `holdfast build`: image, manifest, bills of materials and lock in one folder, or nothing. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const request = await requestFrom(args);
  const workshop = await openWorkshop(context);
  const image = await deviceImage(request, workshop);
  const out = path.resolve(args.text("out") ?? "build");
  const { slot, variant, disk } = image;
  const { manifest, paths } = await publishImage({ slot, variant, disk, out, level: LEVELS[variant] }, workshop);
  if (context.json) {
    context.printJson({ manifest, files: paths, notes: image.notes });
    return;
  }
  for (const note of image.notes) printNote(note);
  const sizes = await Promise.all(
    paths.map(async (file) => [`  ${formatPath(file)}`, formatBytes((await stat(file)).size)]),
  );
  const { slot: facts, initrd, uki } = manifest;
  context.print(
    [
      "",
      alignColumns(sizes),
      "",
      `slot ${formatBytes(facts.size)} (${facts.compression}), initrd ${formatBytes(initrd.size)}, UKI ${formatBytes(uki.size)}, root hash ${facts.rootHash}`,
    ].join("\n"),
  );
}

async function requestFrom(args: Arguments): Promise<DeviceImageRequest> {
  const { version, epoch } = await release(args.text("version"), process.env);
  const [config, preload] = [args.text("config"), args.text("preload")];
  const keys = secureBootKeys(args.text("sign-key"), args.text("sign-cert"));
  return {
    board: args.text("board") ?? "",
    variant: args.text("variant") ?? "",
    version,
    epoch,
    compress: args.flag("compress"),
    locked: args.flag("locked"),
    strict: args.flag("strict"),
    ...(config === undefined ? {} : { config: parseConfig(await readInput("config", config), config) }),
    ...(preload === undefined ? {} : { preload: path.resolve(preload) }),
    ...(keys === undefined ? {} : { keys }),
  };
}

function secureBootKeys(key: string | undefined, certificate: string | undefined): SecureBootKeys | undefined {
  if (key === undefined && certificate === undefined) return undefined;
  if (key !== undefined && certificate !== undefined)
    return { key: path.resolve(key), certificate: path.resolve(certificate) };
  return refuse("cli.usage", {
    message: "--sign-key and --sign-cert go together.",
    hint: "Name the private key and its certificate, both as PEM files.",
  });
}

async function readInput(option: string, file: string): Promise<string> {
  return await readFile(file, "utf8").catch((thrown: unknown) =>
    refuse("cli.invalid-input-file", {
      message: `--${option}: ${file} cannot be read: ${messageOf(thrown)}.`,
      hint: "Check the path; it is relative to the current directory.",
    }),
  );
}
