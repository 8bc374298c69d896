/** Codes of the command line. */
export const cliErrors = {
  "cli.usage": "The command line was not understood.",
  "cli.missing-host-tool": "A program of the build machine that Holdfast needs is not installed.",
  "cli.setup-failed": "The launcher could not prepare this checkout.",
  "cli.unknown-device": "No device answers to that address, name or uuid.",
  "cli.invalid-input-file": "A file that was named on the command line cannot be used.",
  "cli.invalid-configuration": "A setting or a connection that an image should get cannot work; nothing was changed.",
  "cli.no-network": "No network of this machine could be asked for devices.",
  "cli.unreachable-device": "The device's supervisor does not answer.",
  "cli.device-refused": "The device does not do what the command asked of it.",
  "cli.build-failed": "An image could not be built on the device; what ran there before still runs.",
  "cli.service-not-running": "The device has the app, but a service of it does not run.",
  "cli.app-not-ready": "The device is up, but the app on it did not answer in time.",
  "cli.no-diagnosis": "A device could not be asked what is wrong with it.",
  "cli.nothing-ran": "A test suite was asked for that has no tests, or that could not start.",
  "cli.network-refused": "The device refused a change of its network; nothing was changed.",
  "cli.network-reverted": "The device went back to its former connections.",
} as const;
