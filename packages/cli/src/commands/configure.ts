import { readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf, refuse } from "@holdfast/contracts";
import { configureImage, imageTools, openScratch, toolCommand } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { type ConnectionInput, checkConnectionInput } from "../configure/connection-file.ts";
import {
  type ConfigPlan,
  type ConfigWishes,
  parseSetting,
  parseSshKeys,
  planConfiguration,
} from "../configure/plan-configuration.ts";
import { wifiKeyfile } from "../configure/wifi-keyfile.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { openTools } from "../machine/tools.ts";
import { printNote } from "../output/print-note.ts";

/** `holdfast configure IMAGE`: everything is checked by the device's own rules before the image is touched. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const image = path.resolve(args.required("IMAGE"));
  const wishes = await wishesFrom(args);
  const connections = await connectionsFrom(args);
  if (wishes.set.size === 0 && wishes.sshKeys.length === 0 && connections.length === 0)
    refuse("cli.usage", {
      message: "There is nothing to change.",
      hint: "For example: holdfast configure IMAGE --hostname sensor-1 --ssh-key ~/.ssh/id_ed25519.pub",
    });
  const remarks = connections.flatMap(checkConnectionInput);
  // Wrong values are told before the tools are set up and the image is unpacked.
  planConfiguration(undefined, wishes);

  const tools = imageTools(toolCommand(await openTools(context)), Math.floor(Date.now() / 1000), context.signal);
  await using scratch = await openScratch(cacheDirectory);
  let plan: ConfigPlan | undefined;
  const step = context.progress.start("configure image");
  try {
    const options = { tools, scratch: scratch.directory, signal: context.signal };
    await configureImage(image, (read) => changes(read), options);
  } finally {
    step.end();
  }
  report(context, { image, plan, connections, remarks });

  async function changes(read: (file: string) => Promise<Uint8Array | undefined>): Promise<Map<string, Uint8Array>> {
    const former = await read("config.json");
    plan = planConfiguration(former === undefined ? undefined : new TextDecoder().decode(former), wishes);
    const files = new Map(connections.map(({ name, bytes }) => [`system-connections/${name}`, bytes]));
    if (plan.changed.length > 0) files.set("config.json", new TextEncoder().encode(plan.text));
    return files;
  }
}

type Outcome = {
  readonly image: string;
  readonly plan: ConfigPlan | undefined;
  readonly connections: readonly ConnectionInput[];
  readonly remarks: readonly string[];
};

function report(context: Context, { image, plan, connections, remarks }: Outcome): void {
  const all = [...remarks, ...(plan?.remarks ?? [])];
  const names = connections.map(({ name }) => name);
  if (context.json) {
    context.printJson({ image, changedKeys: plan?.changed ?? [], connections: names, remarks: all });
    return;
  }
  for (const remark of all) printNote(remark);
  const keys = plan === undefined || plan.changed.length === 0 ? "as it was" : plan.changed.join(", ");
  context.print(`${path.basename(image)}: config.json ${keys}`);
  if (names.length > 0) context.print(`connections: ${names.join(", ")}`);
}

async function wishesFrom(args: Arguments): Promise<ConfigWishes> {
  const set = new Map<string, unknown>(args.list("set").map(parseSetting));
  const hostname = args.text("hostname");
  if (hostname !== undefined) set.set("hostname", hostname);
  if (args.flag("development") && args.flag("production"))
    refuse("cli.usage", { message: "--development and --production exclude each other.", hint: "Choose one." });
  if (args.flag("development")) set.set("developmentMode", true);
  if (args.flag("production")) set.set("developmentMode", null);
  const keys = await Promise.all(args.list("ssh-key").map(sshKeysOf));
  return { set, sshKeys: keys.flat() };
}

/** A key itself has blanks in it and no file of that name. */
async function sshKeysOf(given: string): Promise<readonly string[]> {
  if (/^(?:ssh-|ecdsa-|sk-)\S+ \S/.test(given)) return parseSshKeys(given, "--ssh-key");
  return parseSshKeys(new TextDecoder().decode(await readInput("ssh-key", given)), `--ssh-key ${given}`);
}

async function connectionsFrom(args: Arguments): Promise<readonly ConnectionInput[]> {
  const files = await Promise.all(
    args.list("connection").map(async (file) => ({
      name: path.basename(file),
      origin: file,
      bytes: await readInput("connection", file),
    })),
  );
  const [ssid, psk] = [args.text("wifi-ssid"), args.text("wifi-psk")];
  if (ssid === undefined && psk !== undefined)
    refuse("cli.usage", {
      message: "--wifi-psk needs --wifi-ssid.",
      hint: "Name the network that the password is for.",
    });
  const wifi =
    ssid === undefined ? [] : [{ name: "wifi", origin: "--wifi-ssid", bytes: encode(wifiKeyfile(ssid, psk)) }];
  const all = [...files, ...wifi];
  const names = all.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuse("cli.usage", { message: `Two connections would be named ${twice}.`, hint: "Rename one of the files." });
  return all;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function readInput(option: string, file: string): Promise<Uint8Array> {
  return await readFile(file).catch((thrown: unknown) =>
    refuse("cli.invalid-input-file", {
      message: `--${option}: ${file} cannot be read: ${messageOf(thrown)}.`,
      hint: "Check the path; it is relative to the current directory.",
    }),
  );
}
