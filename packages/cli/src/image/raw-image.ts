import { stat } from "node:fs/promises";
import path from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { runTool, stage } from "@holdfast/image";
import type { Context } from "../command/command.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { openTools } from "../machine/tools.ts";

/**
 * The raw disk image of a file: the file itself, or, of an `.img.zst`, its unpacked form in the cache.
 * @throws `cli.invalid-input-file`
 */
export async function rawImage(file: string, context: Pick<Context, "progress" | "signal">): Promise<string> {
  const image = path.resolve(file);
  const facts = await stat(image).catch((thrown: unknown) =>
    refuse("cli.invalid-input-file", {
      message: `--image: ${file} cannot be read: ${messageOf(thrown)}.`,
      hint: "./holdfast build makes images; the path is relative to the current directory.",
    }),
  );
  if (!image.endsWith(".zst")) return image;
  const name = path.basename(image, ".zst");
  // Size and time stand for the content, as everywhere where hashing gigabytes would be slower than the work.
  const inputs = { image, size: facts.size, time: facts.mtimeMs };
  const folder = await stage({ cache: cacheDirectory, name: "unpacked", inputs }, async (directory) => {
    const step = context.progress.start("unpack image");
    try {
      const output = path.join(directory, name);
      const argv = ["zstd", "-q", "-d", "--sparse", image, "-o", output] as const;
      await runTool(await openTools(context), [...argv], { signal: context.signal });
    } finally {
      step.end();
    }
  });
  return path.join(folder, name);
}
