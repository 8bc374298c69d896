import type { RenderArea } from "../rendered-file.ts";

export const FIRMWARE_VOLUME = "/run/holdfast/extra-firmware";
export const FIRMWARE_PATH = "/sys/module/firmware_class/parameters/path";

/** A volume in which the kernel looks for firmware first. The unit waits for the data partition and for the volume. */
export const renderFirmware: RenderArea = ({ extraFirmwareVolume }) => [
  {
    path: FIRMWARE_VOLUME,
    mode: 0o644,
    content: extraFirmwareVolume,
    place: "memory",
    onChange: [{ action: extraFirmwareVolume === undefined ? "stop" : "restart", unit: "os-extra-firmware.service" }],
  },
];
