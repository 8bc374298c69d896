import { readSupervisorSettings } from "../config/areas/supervisor.ts";
import { askEngine, succeeded } from "../engine/engine-api.ts";
import type { Machine } from "../machine/machine.ts";
import { CONTAINER, supervisorContainer } from "./container-spec.ts";
import { ensureImage, inspectContainer, startContainer } from "./ensure-container.ts";
import { MANIFEST, parseManifest } from "./supervisor-manifest.ts";

/** Passes what the container prints on to the unit: `journalctl -u balena-supervisor` shows it. */
const OUTPUT = "/usr/lib/holdfast/supervisor-output";
const PROBE_SECONDS = 30;
/** Until the first answer, so that a start is confirmed soon. */
const FIRST_PROBE_SECONDS = 2;

function answers(machine: Machine, port: number): boolean {
  const url = `http://127.0.0.1:${port}/ping`;
  return machine.run(["curl", "--silent", "--fail", "--output", "/dev/null", "--max-time", "10", url]).status === 0;
}

/** Waits for the container's end at most that long; false when it ended. A dead engine counts as "cannot tell". */
function keepsRunning(machine: Machine, seconds: number): boolean {
  const path = `/containers/${CONTAINER}/wait?condition=not-running`;
  const before = machine.now();
  const answer = askEngine(machine, { method: "POST", path, timeoutSeconds: seconds });
  // The engine sends its status at once and the body when the container ends: a status alone is a time-out.
  if (succeeded(answer) && answer.body.trim() !== "") return false;
  machine.sleep(Math.max(0, seconds * 1000 - (machine.now() - before)));
  return inspectContainer(machine)?.State.Running ?? true;
}

/**
 * Starts the supervisor and stays with it: tells systemd when it runs, feeds the unit's watchdog while `/ping` answers,
 * and ends with status 1 when the container ends, so that the unit starts it again.
 */
export function runSupervisor(machine: Machine): number {
  const manifest = parseManifest(machine.readText(MANIFEST) ?? "{}");
  const settings = readSupervisorSettings(machine);
  const { port } = settings;
  machine.makeDirectory("/tmp/balena-supervisor");
  ensureImage(machine, manifest);
  // Attached first, or its first lines would be missing. It goes with the unit.
  startContainer(machine, supervisorContainer(manifest, settings), () => machine.detach([OUTPUT, CONTAINER]));
  machine.run(["systemd-notify", "--ready", `--status=supervisor ${manifest.version} runs`]);

  let answered = false;
  while (keepsRunning(machine, answered ? PROBE_SECONDS : FIRST_PROBE_SECONDS)) {
    const now = answers(machine, port);
    if (now) machine.run(["systemd-notify", "WATCHDOG=1"]);
    if (now && !answered) machine.log(`supervisor ${manifest.version} answers on port ${port}`);
    answered ||= now;
  }
  machine.log("the supervisor's container ended");
  return 1;
}

/** The unit stops: the container stops too, apps stay as they are. */
export function stopSupervisor(machine: Machine): number {
  askEngine(machine, { method: "POST", path: `/containers/${CONTAINER}/stop`, timeoutSeconds: 30 });
  return 0;
}
