import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { messageOf, refuse } from "@holdfast/contracts";
import type { Arguments, Context } from "../command/command.ts";
import { addressesOf } from "../up/addresses.ts";
import { chosenDevice } from "./chosen-device.ts";
import { API_PORT, DeviceApi } from "./device-api.ts";

/**
 * The device API of the device that a command was given as DEVICE, with its options `--port` and `--key`.
 * @throws `cli.unknown-device`, `cli.unreachable-device` for a virtual device that is off
 */
export async function openDeviceApi(args: Arguments, context: Context): Promise<DeviceApi> {
  const device = await chosenDevice(args.required("DEVICE"), context);
  const key = await readKey(args.text("key"));
  if (device.kind === "remote") {
    const host = isIPv6(device.address) ? `[${device.address}]` : device.address;
    return new DeviceApi(`http://${host}:${args.text("port") ?? API_PORT}`, context.signal, key);
  }
  const api = device.running ? addressesOf(device.vm).api : undefined;
  if (api === undefined) {
    return refuse("cli.unreachable-device", {
      message: device.running ? `${device.name} has no port for its API.` : `${device.name} is off.`,
      hint: `./holdfast vm start ${device.name} starts it.`,
    });
  }
  return new DeviceApi(api, context.signal, key);
}

async function readKey(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const content = await readFile(file, "utf8").catch((thrown: unknown) =>
    refuse("cli.invalid-input-file", {
      message: `${file} cannot be read: ${messageOf(thrown)}.`,
      hint: "It should hold the device's API key and nothing else.",
    }),
  );
  return content.trim();
}
