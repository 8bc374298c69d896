/** balena's and our ssh port on devices. */
const PORT = "22222";

export type SshOptions = { readonly command?: string; readonly identity?: string; readonly terminal: boolean };

/** ssh's command line for a device at an address. Unlike a virtual device, its host key is remembered and checked. */
export function remoteSshArguments(address: string, options: SshOptions): [string, ...string[]] {
  return [
    "ssh",
    "-p",
    PORT,
    "-o",
    "StrictHostKeyChecking=accept-new",
    ...(options.identity === undefined ? [] : ["-i", options.identity]),
    ...(options.terminal ? ["-t"] : []),
    `root@${address}`,
    ...(options.command === undefined ? [] : ["--", options.command]),
  ];
}
