import { isIP } from "node:net";
import { refuse, suggestName } from "@holdfast/contracts";
import type { Vm, VmStatus } from "@holdfast/vm";

/** A device that commands can talk to: a virtual one of this machine, or one at an address. */
export type Device =
  | { readonly kind: "virtual"; readonly name: string; readonly running: boolean; readonly vm: Vm }
  | { readonly kind: "remote"; readonly address: string };

export type DeviceLookup = {
  /** The virtual devices of this machine, running or not. */
  readonly vms: () => Promise<readonly VmStatus[]>;
  /** The uuid of a running virtual device; undefined when it does not answer. */
  readonly uuidOf: (vm: Vm) => Promise<string | undefined>;
  /** The address of a `.local` name; undefined when nobody answers to it. */
  readonly addressOf: (name: string) => Promise<string | undefined>;
};

/** Full uuids, and beginnings of at least seven digits as balena's tools show them. */
const UUID = /^[0-9a-f]{7,62}$/;

/**
 * The device that an ip, a name or a uuid means. Names of this machine's virtual devices come first.
 * @throws `cli.unknown-device`
 */
export async function resolveDevice(word: string, lookup: DeviceLookup): Promise<Device> {
  const known = await lookup.vms();
  const named = known.find(({ name }) => name === word);
  if (named !== undefined) return { kind: "virtual", name: word, running: named.status === "running", vm: named.vm };
  if (isIP(word) !== 0) return { kind: "remote", address: word };
  if (word.toLowerCase().endsWith(".local")) {
    return { kind: "remote", address: (await lookup.addressOf(word)) ?? silent(word) };
  }
  const running = known.filter(({ status }) => status === "running");
  if (UUID.test(word)) {
    const uuids = await Promise.all(running.map(async ({ vm }) => ({ vm, uuid: await lookup.uuidOf(vm) })));
    const matches = uuids.filter(({ uuid }) => uuid?.startsWith(word) === true);
    const [match, second] = matches;
    if (match !== undefined && second === undefined)
      return { kind: "virtual", name: match.vm.name, running: true, vm: match.vm };
    if (second !== undefined)
      ambiguous(
        word,
        matches.map(({ vm }) => vm.name),
      );
  }
  return unknown(
    word,
    known.map(({ name }) => name),
  );
}

function silent(name: string): never {
  return refuse("cli.unknown-device", {
    message: `No device answers to ${name}.`,
    hint: "./holdfast scan lists those that answer; a device in another network is reached by its address.",
  });
}

function ambiguous(word: string, names: readonly string[]): never {
  return refuse("cli.unknown-device", {
    message: `"${word}" begins the uuid of several devices: ${names.join(", ")}.`,
    hint: "Give more digits of the uuid, or the name.",
  });
}

function unknown(word: string, names: readonly string[]): never {
  return refuse("cli.unknown-device", {
    message: `No device is known as "${word}".`,
    hint: names.length === 0 ? "There is no virtual device yet; ./holdfast up makes one." : suggestName(word, names),
  });
}
