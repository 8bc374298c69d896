import { mkdir } from "node:fs/promises";
import path from "node:path";
import { BASE_IMAGE_TAG, type BaseImageInput, writeBaseImage } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { parseArchitecture } from "../command/parse-architecture.ts";
import { baseImageInput } from "../image/base-image.ts";
import { release } from "../image/release.ts";
import { openWorkshop } from "../machine/workshop.ts";
import { formatPath } from "../output/format-path.ts";

/** `holdfast base-image`: writes debian:trixie-slim as an archive for `docker load`. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const arch = parseArchitecture(args.text("arch"));
  const file = path.resolve(args.text("out") ?? `build/debian-trixie-slim-${arch}.tar.zst`);
  const { epoch } = await release(undefined, process.env);
  const input = await baseImageInput(arch, epoch, await openWorkshop(context));
  await mkdir(path.dirname(file), { recursive: true });
  const image = await write(input, file, context);
  if (context.json) context.printJson({ file, tag: BASE_IMAGE_TAG, id: image.id, arch });
  else
    context.print(
      `${formatPath(file)}: ${BASE_IMAGE_TAG} for ${arch}\nLoad it with: docker load -i ${formatPath(file)}`,
    );
}

async function write(input: BaseImageInput, file: string, context: Context): Promise<{ readonly id: string }> {
  const step = context.progress.start("write base image");
  try {
    return await writeBaseImage(input, file);
  } finally {
    step.end();
  }
}
