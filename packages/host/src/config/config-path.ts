/** The device contract's path; it is on the boot partition. */
export const CONFIG_JSON = "/mnt/boot/config.json";
