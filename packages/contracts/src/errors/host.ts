/** Codes of the programs that run inside the OS. */
export const hostErrors = {
  "host.invalid-config-json": "config.json is not valid; nothing was changed.",
} as const;
