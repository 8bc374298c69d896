import path from "node:path";
import { repositoryRoot } from "@holdfast/cli";
import { build } from "esbuild";
import { supervisorContainer } from "../device/containers.ts";
import type { Device } from "../device/device.ts";
import type { Neighbour } from "./neighbour.ts";

const SCRIPT = "/run/holdfast-scan.mjs";
/** A line of a shell takes no more at once. */
const PART = 60_000;

/** What `holdfast scan --json` finds in the neighbour's network, and the address that a `.local` name has there. */
export type Scanned = { readonly devices: unknown; readonly address: string | undefined };

/** The command's own code, with what a command line would hand to it. */
const program = (name: string): string => `
import { run } from "./packages/cli/src/commands/scan.ts";
import { resolveLocalName } from "./packages/cli/src/discovery/find-devices.ts";
const signal = new AbortController().signal;
const progress = { start: () => ({ update: () => {}, end: () => {} }) };
const scanned = {};
const printJson = (devices) => { scanned.devices = devices; };
await run({ text: () => undefined }, { signal, progress, json: true, print: () => {}, printJson });
scanned.address = await resolveLocalName(${JSON.stringify(name)}, { signal });
console.log(JSON.stringify(scanned));
process.exit(0);
`;

/** Runs it in the neighbour's network, by the Node of the device's supervisor: the neighbour has none. */
export async function scanFromNeighbour(device: Device, neighbour: Neighbour, name: string): Promise<Scanned> {
  const { outputFiles } = await build({
    stdin: { contents: program(name), resolveDir: repositoryRoot, sourcefile: path.join(repositoryRoot, "scan.ts") },
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  const encoded = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  await device.shell(`rm -f ${SCRIPT}.b64`);
  for (let at = 0; at < encoded.length; at += PART) {
    await device.shell(`echo ${encoded.slice(at, at + PART)} >>${SCRIPT}.b64`);
  }
  const { pid } = await supervisorContainer(device);
  const node = `nsenter --net=/run/netns/${neighbour.name} chroot /proc/${pid}/root /usr/bin/node`;
  return (await device.json(
    `base64 --decode --ignore-garbage ${SCRIPT}.b64 >${SCRIPT} && ${node} --input-type=module - <${SCRIPT}`,
  )) as Scanned;
}
