import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { baseImageInput, openWorkshop, release } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import { BASE_IMAGE_TAG, writeBaseImage } from "@holdfast/image";
import type { PrivateEngine } from "./private-engine.ts";

/** Gives the engine the image that Dockerfiles can name without a registry, as `holdfast base-image` makes it. */
export async function importBaseImage(engine: PrivateEngine, scratch: string): Promise<string> {
  const workshop = await openWorkshop({ progress: silentProgress, signal: new AbortController().signal });
  const { epoch } = await release(undefined, {});
  const file = join(scratch, "base-image.tar.zst");
  await writeBaseImage(await baseImageInput("amd64", epoch, workshop), file);
  await engine.client.call("POST", "/images/load?quiet=true", await readFile(file));
  return BASE_IMAGE_TAG;
}
