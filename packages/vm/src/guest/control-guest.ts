import type { VmHost } from "../host.ts";
import type { Vm } from "../record.ts";
import { type SshTarget, sshOutput } from "./ssh.ts";

/**
 * Steps the device's clock to this machine's. A resumed device goes on with the time of its snapshot, which certificates
 * and timers would notice.
 */
export async function setClock(host: Pick<VmHost, "tools">, vm: Vm, target: SshTarget = {}): Promise<void> {
  await sshOutput(host, vm, `date -u -s @${(Date.now() / 1000).toFixed(3)}`, target);
}

/** Restarts the device the clean way. Returns when it agreed; wait with `from: await consoleEnd(vm)` taken before. */
export async function reboot(host: Pick<VmHost, "tools">, vm: Vm, target: SshTarget = {}): Promise<void> {
  await sshOutput(host, vm, "systemctl reboot --no-block", target);
}
