export { attachConsole, type Terminal } from "./console/attach-console.ts";
export { consoleEnd, consoleTail } from "./console/console-log.ts";
export { type ConsoleMatch, type ConsoleWait, waitForConsole } from "./console/wait-for-console.ts";
export { reboot, setClock } from "./guest/control-guest.ts";
export {
  hostPort,
  type SshOptions,
  type SshResult,
  type SshTarget,
  ssh,
  sshCommand,
  sshOutput,
  waitForSsh,
} from "./guest/ssh.ts";
export { type HttpWait, waitForHttp } from "./guest/wait-for-http.ts";
export type { Firmware, FirmwarePair, VmHost } from "./host.ts";
export { findVm, isRunning, listVms, removeVm, runningVm, type VmStatus } from "./lifecycle/find-vm.ts";
export { serialSocket } from "./lifecycle/short-sockets.ts";
export { type StartOptions, startVm } from "./lifecycle/start-vm.ts";
export { cutPower, resetVm, scopedVm, setLink, stallDisk, stopVm } from "./lifecycle/stop-vm.ts";
export type { PortForward } from "./process/ports.ts";
export { probeKvm } from "./qemu/probe-kvm.ts";
export type { Vm } from "./record.ts";
export { type Resume, resumeSnapshot } from "./snapshot/resume-snapshot.ts";
export { saveSnapshot } from "./snapshot/save-snapshot.ts";
export { findSnapshot, listSnapshots, removeSnapshot, type Snapshot } from "./snapshot/snapshot-record.ts";
export { type DiskBus, type FullVmSpec, parseVmSpec, type VmSpec } from "./spec.ts";
export type { WriteLogEntry } from "./write-log/entry.ts";
export { planReplay, type ReplayOptions, type ReplayStep } from "./write-log/plan-replay.ts";
export { readWriteLog } from "./write-log/read-write-log.ts";
export { applyReplay, type Replay, replay } from "./write-log/replay.ts";
