import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { baseImageInput, openWorkshop, release } from "@holdfast/cli";
import { silentProgress } from "@holdfast/contracts";
import { BASE_IMAGE_TAG, writeBaseImage } from "@holdfast/image";
import type { PrivateEngine } from "./private-engine.ts";

/** The archive of the image that Dockerfiles can name without a registry, as `holdfast base-image` makes it. */
export async function baseImageArchive(scratch: string): Promise<Buffer<ArrayBuffer>> {
  const workshop = await openWorkshop({ progress: silentProgress, signal: new AbortController().signal });
  const { epoch } = await release(undefined, {});
  const file = join(scratch, "base-image.tar.zst");
  await writeBaseImage(await baseImageInput("amd64", epoch, workshop), file);
  return await readFile(file);
}

/** Gives the engine that image. @returns its name */
export async function importBaseImage(engine: PrivateEngine, scratch: string): Promise<string> {
  await engine.client.call("POST", "/images/load?quiet=true", await baseImageArchive(scratch));
  return BASE_IMAGE_TAG;
}
