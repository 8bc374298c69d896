import type { Device } from "./device.ts";

/** A container that a test starts by itself, beside the app's, from one of the app's images: Debian with a shell. */
export type TrialContainer = { readonly name: string; readonly id: string };

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Starts a shell script in a container of its own; `options` go to `docker run`. */
export async function startTrial(device: Device, name: string, script: string, options = ""): Promise<TrialContainer> {
  const image = `$(docker ps --filter label=io.balena.service-name=web --format '{{.Image}}')`;
  const id = await device.shell(`docker run --detach --name ${name} ${options} "${image}" sh -c ${quoted(script)}`);
  return { name, id };
}

/** Waits for its end. @returns its exit status, and whether the kernel killed it for its memory */
export async function trialEnd(device: Device, { name }: TrialContainer): Promise<{ status: number; oom: boolean }> {
  const status = Number(await device.shell(`docker wait ${name}`));
  const oom = (await device.shell(`docker inspect --format '{{.State.OOMKilled}}' ${name}`)) === "true";
  return { status, oom };
}
