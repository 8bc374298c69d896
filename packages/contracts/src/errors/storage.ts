/** Codes of the device's storage. */
export const storageErrors = {
  "storage.insufficient-space": "There is not enough free space for the images of a release; nothing was downloaded.",
} as const;
