import { type BuildMount, nameBuildMounts } from "@holdfast/contracts/host";
import * as z from "zod";

const BUILD_PATH = /^(?:\/v\d+\.\d+)?\/build$/;
/** `/on/device:/in/container`, then perhaps `ro` or `rw`. */
const VOLUME = /^(\/[^:\0]*):(\/[^:\0]*)(?::(ro|rw))?$/;
const volumesSchema = z.array(z.string());

/** A request that the gateway refuses, with the words for its client. */
export class BadVolumes extends Error {}

/**
 * What to ask of the engine when a client asks for this: a build with `volumes` (balena's engine knows them, Docker's does
 * not) becomes one whose containers the runtime gives these mounts. Every other request stays as it is. Pure.
 * @throws BadVolumes
 */
export function withBuildVolumes(method: string, target: string): string {
  // A query may have question marks of its own: only the first one ends the path.
  const [path, ...query] = target.split("?");
  if (method !== "POST" || path === undefined || !BUILD_PATH.test(path)) return target;
  const asked = new URLSearchParams(query.join("?"));
  const volumes = asked.get("volumes");
  if (volumes === null) return target;
  const mounts = parseVolumes(volumes);
  asked.delete("volumes");
  if (mounts.length > 0) {
    const cgroupParent = asked.get("cgroupparent") || undefined;
    asked.set("cgroupparent", nameBuildMounts({ mounts, ...(cgroupParent === undefined ? {} : { cgroupParent }) }));
  }
  return `${path}?${asked}`;
}

function parseVolumes(text: string): BuildMount[] {
  return readList(text).map((volume) => {
    const [, source, destination, mode] = VOLUME.exec(volume) ?? [];
    if (source === undefined || destination === undefined) {
      throw new BadVolumes(`"volumes" of a build are like /on/device:/in/container:ro, not ${JSON.stringify(volume)}`);
    }
    return { source, destination, isReadOnly: mode === "ro" };
  });
}

function readList(text: string): string[] {
  try {
    return volumesSchema.parse(JSON.parse(text));
  } catch {
    throw new BadVolumes('"volumes" of a build must be a list of texts in JSON');
  }
}
