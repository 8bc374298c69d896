import { exists, type Machine } from "../machine/machine.ts";
import { loadImages } from "./engine-api.ts";

const FOLDER = "/mnt/data/preload";
const ARCHIVE = `${FOLDER}/images.tar.zst`;

/**
 * Imports the images that came with the disk image, then frees the archive. It goes only after everything the engine
 * wrote is flushed: cut at any point, the next boot imports again, and layers that are there are not stored twice.
 */
export function loadPreload(machine: Machine): number {
  if (!exists(machine, ARCHIVE)) return 0;
  const failure = loadImages(machine, ARCHIVE);
  if (failure !== undefined) {
    machine.log(`the preloaded images cannot be imported: ${failure}`);
    return 1;
  }
  machine.run(["sync", "-f", ARCHIVE]);
  machine.remove(ARCHIVE);
  machine.run(["sync", FOLDER]);
  machine.log("imported the preloaded images");
  return 0;
}
