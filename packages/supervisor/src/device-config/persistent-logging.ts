import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigJsonFile } from "../device/config-json-file.ts";
import { isTruthy } from "../spec/labels.ts";

/** Present, in a directory that a reboot clears, while a change waits for a reboot. */
const BREADCRUMB = "reboot-after-apply";

export type LoggingSwitch = {
  readonly configJson: ConfigJsonFile;
  readonly runtimeDir: string;
  readonly tell: (message: string) => void;
};

/**
 * Has the host keep its journal over reboots, or not. It takes effect at the next boot: the mark for it is left before
 * config.json says so, or a crash between the two would lose it. Returns when config.json is on flash.
 */
export async function switchPersistentLogging(
  isOn: boolean,
  { configJson, runtimeDir, tell }: LoggingSwitch,
): Promise<void> {
  if (isTruthy(String(await configJson.read("persistentLogging"))) === isOn) return;
  const change = { persistentLogging: isOn };
  await mkdir(runtimeDir, { recursive: true });
  await writeFile(join(runtimeDir, BREADCRUMB), JSON.stringify(change));
  await configJson.change(change);
  tell(`Reboot has been scheduled to apply changes: ${JSON.stringify(change)}`);
}
