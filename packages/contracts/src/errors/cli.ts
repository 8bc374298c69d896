/** Codes of the command line. */
export const cliErrors = {
  "cli.usage": "The command line was not understood.",
  "cli.missing-host-tool": "A program of the build machine that Holdfast needs is not installed.",
  "cli.unknown-device": "No device answers to that address, name or uuid.",
} as const;
