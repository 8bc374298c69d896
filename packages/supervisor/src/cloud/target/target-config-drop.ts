import { join } from "node:path";
import { plainName } from "../../device-config/config-variables.ts";
import { writeVolatile } from "../../storage/volatile-file.ts";

/**
 * Leaves the target's device configuration where programs of the host look for it before they reboot (compat 5.2), under
 * plain names and as the fleet wrote them. The directory is in memory: nothing to flush.
 */
export async function dropTargetConfig(runtimeDir: string, config: Readonly<Record<string, string>>): Promise<void> {
  const plain = Object.fromEntries(Object.entries(config).map(([name, value]) => [plainName(name), value]));
  await writeVolatile(join(runtimeDir, "target-state-config"), JSON.stringify({ ...plain, ...config }));
}
