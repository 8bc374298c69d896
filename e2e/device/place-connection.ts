import { expect } from "vitest";
import type { Device } from "./device.ts";

const FOLDER = "/mnt/boot/system-connections";

/** Puts a keyfile onto the boot partition of a running device, as somebody does who copies it there. */
export async function placeConnection(device: Device, name: string, text: string): Promise<void> {
  const encoded = Buffer.from(text).toString("base64");
  await device.shell(`echo ${encoded} | base64 --decode >'${FOLDER}/${name}'`);
}

/** Waits until NetworkManager has brought the connection up on that link. */
export async function untilConnected(device: Device, link: string, id: string, timeout: number): Promise<void> {
  const active = async (): Promise<string> =>
    (await device.attempt(`nmcli --get-values GENERAL.STATE,GENERAL.CONNECTION device show ${link}`)).stdout
      .trim()
      .replace("\n", " ");
  await expect.poll(active, { timeout, interval: 2_000 }).toBe(`100 (connected) ${id}`);
}
