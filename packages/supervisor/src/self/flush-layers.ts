import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where the engine stores layers, on the host. */
const STORE = "/var/lib/docker";

/** Has the host write all that the engine stored to the disk. @throws when it cannot. */
export async function flushLayers(rootMount: string, signal: AbortSignal): Promise<void> {
  const chroot = join(rootMount, "usr/sbin/chroot");
  await promisify(execFile)(chroot, [rootMount, "/usr/bin/sync", "--file-system", STORE], { signal });
}
