import { seconds } from "@holdfast/contracts";
import { ssh, type Vm, type VmHost } from "@holdfast/vm";
import { z } from "zod";

const configSchema = z.object({ uuid: z.string().optional() });

/** The uuid that a running virtual device has in its config.json; undefined when it cannot be asked. */
export async function deviceUuid(host: VmHost, vm: Vm, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { stdout } = await ssh(host, vm, "cat /mnt/boot/config.json", { timeout: seconds(10), signal });
    return configSchema.parse(JSON.parse(stdout)).uuid;
  } catch {
    // A device that is still booting has no answer yet; the caller says that it is not known.
    signal.throwIfAborted();
    return undefined;
  }
}
