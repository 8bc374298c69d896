import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plainName } from "../../device-config/config-variables.ts";

/**
 * Leaves the target's device configuration where programs of the host look for it before they reboot (compat 5.2), under
 * plain names and as the fleet wrote them. The directory is in memory: nothing to flush.
 */
export async function dropTargetConfig(runtimeDir: string, config: Readonly<Record<string, string>>): Promise<void> {
  const plain = Object.fromEntries(Object.entries(config).map(([name, value]) => [plainName(name), value]));
  await mkdir(runtimeDir, { recursive: true });
  const path = join(runtimeDir, "target-state-config");
  await writeFile(`${path}.new`, JSON.stringify({ ...plain, ...config }));
  // Only root decides about reboots, and variables may be secret.
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
}
