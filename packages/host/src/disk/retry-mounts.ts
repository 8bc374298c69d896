import { DEVELOPMENT_FLAG } from "../config/areas/development.ts";
import { exists, type Machine } from "../machine/machine.ts";

/** The system's monotonic clock when the first mount of this boot failed. */
const FAILING_SINCE = "/run/holdfast/mounts-failing-since";
/** systemd has waited 90 s for the partition before it calls this. */
const PAUSE_MS = 30_000;
/** Longer than an engineer needs for a look, and about seven more attempts. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Runs whenever the boot or the data partition could not be mounted, which systemd itself never tries twice: asks for
 * everything again that the system consists of. When that does not help, it reboots, so that a device that nobody can
 * reach comes back with a disk that was slow or has hung, and a new slot that cannot mount uses up its tries. In
 * development mode it goes on trying: someone is looking.
 */
export function retryMounts(machine: Machine): number {
  const since = Number(machine.readText(FAILING_SINCE) ?? machine.now());
  machine.makeDirectory("/run/holdfast");
  if (!exists(machine, FAILING_SINCE)) machine.writeText(FAILING_SINCE, String(since));
  machine.sleep(PAUSE_MS);
  if (machine.now() - since > PATIENCE_MS && !exists(machine, DEVELOPMENT_FLAG)) {
    machine.log("a partition could not be mounted for 15 minutes: rebooting");
    return machine.run(["systemctl", "--no-block", "reboot"]).status;
  }
  machine.log("a partition could not be mounted: trying again");
  return machine.run(["systemctl", "--no-block", "start", "multi-user.target"]).status;
}
