/** Codes of the programs that run inside the OS. */
export const hostErrors = {
  "host.invalid-config-json": "config.json is not valid; nothing was changed.",
  "host.invalid-connection": "A network connection cannot work as given; nothing was changed.",
  "host.invalid-network-request": "A request about the network is none that the device knows.",
  "host.network-change-pending": "Another change of the network waits to be confirmed.",
  "host.no-network-change": "No such change of the network waits to be confirmed.",
} as const;
