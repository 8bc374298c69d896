import { FIRMWARE_PATH, FIRMWARE_VOLUME } from "../config/areas/firmware.ts";
import type { Machine } from "../machine/machine.ts";

const VOLUMES = "/var/lib/docker/volumes";

/** Has the kernel look for firmware in the volume that config.json names. Status 1 while the volume does not exist. */
export function setExtraFirmware(machine: Machine): number {
  const volume = machine.readText(FIRMWARE_VOLUME)?.trim();
  if (volume === undefined || volume === "") return 0;
  const folder = `${VOLUMES}/${volume}/_data`;
  if (machine.kindOf(folder) !== "directory") {
    machine.log(`os.kernel.extraFirmwareVol: there is no volume ${volume} yet`);
    return 1;
  }
  if (machine.readText(FIRMWARE_PATH)?.trim() !== folder) machine.writeText(FIRMWARE_PATH, folder);
  machine.log(`the kernel looks for firmware in the volume ${volume}`);
  return 0;
}

/** The kernel looks in its usual places only. */
export function clearExtraFirmware(machine: Machine): number {
  // An empty write would be none.
  machine.writeText(FIRMWARE_PATH, "\n");
  return 0;
}
