import type { ConfigJsonFile } from "../device/config-json-file.ts";
import type { RebootRequired } from "../host/reboot-required.ts";
import { isTruthy } from "../spec/labels.ts";

export type LoggingSwitch = {
  readonly configJson: ConfigJsonFile;
  readonly required: Pick<RebootRequired, "mark">;
  readonly tell: (message: string) => void;
};

/**
 * Has the host keep its journal over reboots, or not. It takes effect at the next boot: the mark for it is left before
 * config.json says so, or a crash between the two would lose it. Returns when config.json is on flash.
 */
export async function switchPersistentLogging(
  isOn: boolean,
  { configJson, required, tell }: LoggingSwitch,
): Promise<void> {
  if (isTruthy(String(await configJson.read("persistentLogging"))) === isOn) return;
  const change = { persistentLogging: isOn };
  await required.mark(JSON.stringify(change));
  await configJson.change(change);
  tell(`Reboot has been scheduled to apply changes: ${JSON.stringify(change)}`);
}
