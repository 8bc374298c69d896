import type { Board } from "@holdfast/contracts";
import { contentOf, type Tree } from "../tree/entry.ts";

const DROP_IN = "usr/lib/systemd/system.conf.d/board-watchdog.conf";

/**
 * What makes PID 1 keep the board's hardware watchdog alive, for the root and for the initrd: a kernel that hangs in either
 * is reset, and a trial boot that was its last try falls back. systemd opens the device whenever its driver appears. Pure.
 */
export function watchdogSettings({ watchdog }: Pick<Board, "watchdog">): Tree {
  if (watchdog === undefined) return new Map();
  const text = `[Manager]\nRuntimeWatchdogSec=${watchdog.runtime}\nRebootWatchdogSec=${watchdog.reboot}\n`;
  return new Map([[DROP_IN, { type: "file", content: contentOf(text), mode: 0o644, uid: 0, gid: 0 }]]);
}
