import path from "node:path";
import type { Architecture } from "@holdfast/contracts";
import {
  type BaseImageInput,
  basePackages,
  fetchDebs,
  type Lock,
  openDebs,
  readLock,
  resolvePackages,
  type Workshop,
} from "@holdfast/image";
import { osDirectory } from "../repository-root.ts";

/** The lock of the container base image for one architecture. */
export const baseImageLockFile = (arch: Architecture): string =>
  path.join(osDirectory, "lock", `base-image-${arch}.json`);

/** The base image's packages as the mirror has them now, or `update`d lists of it say. */
export async function resolveBaseImage(
  arch: Architecture,
  { cache, mirror, progress, signal }: Pick<Workshop, "cache" | "mirror" | "progress" | "signal">,
  update: boolean,
): Promise<Lock> {
  const common = { cache, mirror, progress, ...(signal === undefined ? {} : { signal }) };
  return await resolvePackages({ arch, requested: basePackages, update, ...common });
}

/** Fetches and opens what the base image is composed of, by its lock. */
export async function baseImageInput(arch: Architecture, epoch: number, workshop: Workshop): Promise<BaseImageInput> {
  const { cache, mirror, progress, signal } = workshop;
  const stored = await readLock(baseImageLockFile(arch));
  const lock = stored ?? (await resolveBaseImage(arch, workshop, false));
  const common = { progress, ...(signal === undefined ? {} : { signal }) };
  const fetched = await fetchDebs(lock, { cache, mirror, ...common });
  return { architecture: arch, debs: await openDebs(cache, fetched.lock.packages, common), epoch, cache };
}
