import type { Argument, Command, Option } from "./command.ts";

const board: Option = { kind: "text", value: "BOARD", help: "which board to build for", default: "generic-amd64" };
const optionalDevice: Argument = {
  name: "DEVICE",
  help: "a device's ip, name, NAME.local or uuid; without it the one of `up`",
};
const device: Argument = { ...optionalDevice, help: "a device's ip, name, NAME.local or uuid", required: true };
const identity: Option = { kind: "text", value: "FILE", help: "private key for ssh; development images need none" };
const port: Option = { kind: "text", value: "PORT", help: "where the API of an address answers, if not at 48484" };
const key: Option = { kind: "text", value: "FILE", help: "holds the device's API key; development devices need none" };

/** Every command, in the order in which the help lists them. Help, parser and docs/cli.md are made from this table. */
export const commands: readonly Command[] = [
  {
    name: "up",
    summary: "build a development image, boot it in QEMU with a sample app, print its addresses",
    options: {
      preload: {
        kind: "text",
        value: "DIR",
        help: "the app to put on it; without it the sample in examples/telemetry",
      },
      fresh: { kind: "flag", help: "begin with a new disk, even if the device exists already" },
    },
    examples: ["up", "up --preload ./my-app --fresh"],
    load: () => import("../commands/up.ts"),
  },
  {
    name: "down",
    summary: "shut down the device of `up`, or another virtual one",
    arguments: [optionalDevice],
    options: { remove: { kind: "flag", help: "also delete its disk" } },
    load: () => import("../commands/vm-stop.ts"),
  },
  {
    name: "status",
    summary: "show which devices run, whether their supervisor answers, and their addresses",
    arguments: [{ name: "DEVICE", help: "only this device, by ip, name or uuid" }],
    load: () => import("../commands/status.ts"),
  },
  {
    name: "test",
    summary: "run static checks, the unit suites and the core end-to-end suites",
    arguments: [
      { name: "SUITES", help: "unit (under 30 s), e2e, bench, or full (everything); without it the daily set" },
      { name: "NAME", help: "only this end-to-end suite or benchmark, or the unit tests whose path contains it" },
    ],
    options: {
      jobs: {
        kind: "text",
        value: "N",
        help: "end-to-end suites at a time; each needs 1.5 GB and two cores",
        default: "1",
      },
    },
    examples: ["test", "test unit", "test e2e boot", "test full"],
    load: () => import("../commands/test.ts"),
  },
  {
    name: "build",
    summary: "build a disk image",
    options: {
      board,
      variant: { kind: "text", value: "VARIANT", help: "development or production", default: "development" },
      version: { kind: "text", value: "VERSION", help: "the release's version; without it that of this checkout" },
      out: { kind: "text", value: "DIR", help: "where the image and its documents go", default: "build" },
      config: { kind: "text", value: "FILE", help: "JSON object that is merged into the image's config.json" },
      preload: { kind: "text", value: "DIR", help: "compose project to put into the image" },
      compress: { kind: "flag", help: "compress the slot itself too: smaller updates, minutes more" },
      locked: { kind: "flag", help: "fail when a locked package version is gone, instead of taking another one" },
      strict: { kind: "flag", help: "fail when a known maintainer script changed, instead of warning" },
      "sign-key": { kind: "text", value: "FILE", help: "sign loader and UKI for secure boot with this key (PEM)" },
      "sign-cert": { kind: "text", value: "FILE", help: "the certificate of --sign-key (PEM)" },
    },
    examples: [
      "build --board generic-arm64 --variant production --version 1.0.0 --compress --out build",
      "build --preload examples/telemetry --config my-config.json",
    ],
    load: () => import("../commands/build.ts"),
  },
  {
    name: "configure",
    summary: "set up an image or a written disk: config.json and network connections, without mounting or booting it",
    arguments: [
      { name: "IMAGE", help: "an .img or .img.zst file, or the disk that one was written to", required: true },
    ],
    options: {
      hostname: { kind: "text", value: "NAME", help: "name of the device" },
      "ssh-key": { kind: "list", value: "FILE|KEY", help: "public key that may log in as root; repeatable" },
      connection: { kind: "list", value: "FILE", help: "NetworkManager keyfile; repeatable" },
      "wifi-ssid": { kind: "text", value: "NAME", help: "Wi-Fi network to join; replaces the connection named wifi" },
      "wifi-psk": { kind: "text", value: "PASSWORD", help: "its WPA password; without it the network is an open one" },
      set: { kind: "list", value: "KEY=JSON", help: "any key of config.json; null takes it away; repeatable" },
      development: { kind: "flag", help: "development mode: open to everybody on its network" },
      production: { kind: "flag", help: "no development mode" },
    },
    examples: [
      "configure build/holdfast.img.zst --hostname sensor-1 --ssh-key ~/.ssh/id_ed25519.pub --connection office.nmconnection",
      "configure /dev/sdX --wifi-ssid Home --wifi-psk 'correct horse' --set country=DE",
    ],
    load: () => import("../commands/configure.ts"),
  },
  {
    name: "lock",
    summary: "compare the locked package versions with the mirrors",
    options: {
      update: { kind: "flag", help: "write the new versions into os/lock" },
      board: { kind: "text", value: "BOARD", help: "only the lock of this board's architecture" },
    },
    load: () => import("../commands/lock.ts"),
  },
  {
    name: "boards",
    summary: "list the boards that images can be built for",
    load: () => import("../commands/boards.ts"),
  },
  {
    name: "layers",
    summary: "list the layers, why they are there and their packages",
    arguments: [{ name: "LAYER", help: "show this layer with its packages, units and state paths" }],
    load: () => import("../commands/layers.ts"),
  },
  {
    name: "inspect",
    summary: "show partitions, slot, kernel, packages and largest parts of an image",
    arguments: [{ name: "IMAGE", help: "an .img or .img.zst file", required: true }],
    options: { packages: { kind: "flag", help: "list every package with its version" } },
    examples: ["inspect build/holdfast-generic-amd64-development-0.1.0.img.zst"],
    load: () => import("../commands/inspect.ts"),
  },
  {
    name: "base-image",
    summary: "compose a debian:trixie-slim container image for Dockerfiles to build on",
    options: {
      arch: { kind: "text", value: "ARCH", help: "amd64 or arm64", default: "amd64" },
      out: { kind: "text", value: "FILE", help: "archive for `docker load`; without it below build/" },
    },
    load: () => import("../commands/base-image.ts"),
  },
  {
    name: "vm start",
    summary: "start a virtual device from an image and return while it boots",
    arguments: [{ name: "NAME", help: "what to call it; without it the device of `up`" }],
    options: {
      image: { kind: "text", value: "IMAGE", help: "an .img or .img.zst file; it is never changed" },
      arch: { kind: "text", value: "ARCH", help: "amd64 or arm64", default: "amd64" },
      memory: { kind: "text", value: "SIZE", help: "memory, e.g. 1G", default: "1G" },
      "disk-size": { kind: "text", value: "SIZE", help: "size of its disk", default: "8G" },
      "secure-boot": { kind: "flag", help: "firmware that accepts signed programs only" },
      tpm: { kind: "flag", help: "with a TPM 2.0" },
      fresh: { kind: "flag", help: "begin with a new disk, even if the device exists already" },
    },
    examples: ["vm start box --image build/holdfast-generic-amd64-development-0.1.0.img.zst"],
    load: () => import("../commands/vm-start.ts"),
  },
  {
    name: "vm stop",
    summary: "press the power button of a virtual device and wait until it is off",
    arguments: [optionalDevice],
    options: { remove: { kind: "flag", help: "also delete its disk" } },
    load: () => import("../commands/vm-stop.ts"),
  },
  {
    name: "vm list",
    summary: "list the virtual devices of this machine",
    load: () => import("../commands/vm-list.ts"),
  },
  {
    name: "doctor",
    summary: "check a device: what is wrong with it, and what to do about it",
    arguments: [optionalDevice],
    options: { identity },
    examples: ["doctor", "doctor 192.168.1.40 --json"],
    load: () => import("../commands/doctor.ts"),
  },
  {
    name: "network",
    summary: "change a device's network connections so that the former ones come back unless the change is confirmed",
    arguments: [
      device,
      { name: "VERB", help: "apply, confirm, revert or status" },
      { name: "FILE", help: "for apply: NetworkManager keyfiles, each keeps its name", rest: true },
    ],
    options: {
      "confirm-within": {
        kind: "text",
        value: "TIME",
        help: "how long the change may wait, 30s to 60m",
        default: "2m",
      },
      address: { kind: "text", value: "IP", help: "where the device answers once the change is made" },
      identity,
    },
    examples: ["network 192.168.1.40 apply office.nmconnection", "network 192.168.1.40 status"],
    load: () => import("../commands/network.ts"),
  },
  {
    name: "scan",
    summary: "find the devices on this machine's networks",
    options: { timeout: { kind: "text", value: "S", help: "how many seconds to listen", default: "4" } },
    examples: ["scan", "scan --timeout 10 --json"],
    load: () => import("../commands/scan.ts"),
  },
  {
    name: "push",
    summary: "send what changed of an app to a development device, build it there and run it",
    arguments: [device, { name: "DIR", help: "directory of a compose project or a Dockerfile; without it, this one" }],
    options: {
      service: { kind: "list", value: "NAME", help: "only this service; the others stay as the device has them" },
      env: { kind: "list", value: "[SERVICE:]NAME=VALUE", help: "set a variable for all services, or for one" },
      watch: { kind: "flag", help: "stay, and push again whenever a file changes" },
      nocache: { kind: "flag", help: "build every step anew" },
      detach: { kind: "flag", help: "do not wait until the device runs it" },
      port,
      key,
    },
    examples: [
      "push 192.168.1.40",
      "push holdfast examples/telemetry --watch",
      "push holdfast --service web --env web:LEVEL=debug",
    ],
    load: () => import("../commands/push.ts"),
  },
  {
    name: "logs",
    summary: "show what a device's services print",
    arguments: [device],
    options: {
      service: { kind: "list", value: "NAME", help: "only this service" },
      system: { kind: "flag", help: "all of the device's journal: kernel, units, engine, supervisor" },
      tail: { kind: "text", value: "N", help: "how many lines of the past, of each service", default: "100" },
      follow: { kind: "flag", help: "go on with what comes, until Ctrl-C" },
      port,
      key,
    },
    examples: ["logs holdfast --follow", "logs 192.168.1.40 --service web --tail 20", "logs holdfast --system"],
    load: () => import("../commands/logs.ts"),
  },
  {
    name: "ssh",
    summary: "open a shell on a device or in one of its services, or run one command there",
    arguments: [
      device,
      { name: "SERVICE", help: "a service that runs on it; without it the device itself" },
      { name: "COMMAND", help: "command to run, after --", rest: true },
    ],
    options: { identity },
    examples: ["ssh 192.168.1.40", "ssh holdfast web", "ssh holdfast web -- cat /etc/os-release"],
    load: () => import("../commands/ssh.ts"),
  },
  {
    name: "vm ssh",
    summary: "open a root shell on a device, or run one command there",
    arguments: [device, { name: "COMMAND", help: "command to run, after --", rest: true }],
    options: { identity },
    examples: ["vm ssh holdfast", "vm ssh holdfast -- findmnt /"],
    load: () => import("../commands/vm-ssh.ts"),
  },
  {
    name: "vm console",
    summary: "show a virtual device's console and type into it",
    arguments: [optionalDevice],
    options: { tail: { kind: "flag", help: "only print what it said last" } },
    load: () => import("../commands/vm-console.ts"),
  },
  {
    name: "vm cut",
    summary: "cut a virtual device's power",
    arguments: [device],
    load: () => import("../commands/vm-cut.ts"),
  },
  {
    name: "bench",
    summary: "measure, beside peers in the same run",
    arguments: [{ name: "NAME", help: "which benchmark", required: true }],
    options: { out: { kind: "text", value: "FILE", help: "also write the report as JSON" } },
    examples: ["bench image", "bench boot --json"],
    load: () => import("../commands/bench.ts"),
  },
];
