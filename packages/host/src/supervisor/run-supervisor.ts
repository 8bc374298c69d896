import { readSupervisorSettings } from "../config/areas/supervisor.ts";
import { askEngine, succeeded } from "../engine/engine-api.ts";
import type { Machine } from "../machine/machine.ts";
import { CONTAINER, supervisorContainer } from "./container-spec.ts";
import { ensureImage, inspectContainer, startContainer, sweepImages } from "./ensure-container.ts";
import { MANIFEST, parseManifest, type SupervisorManifest } from "./supervisor-manifest.ts";
import { beginStart, forgiveStarts, isOsOnTrial, neededImages, noteTrialEnd, readWish } from "./supervisor-update.ts";
import { answersAt, forgetSigns, TrialWatcher } from "./watch-trial.ts";

/** Passes what the container prints on to the unit: `journalctl -u balena-supervisor` shows it. */
const OUTPUT = "/usr/lib/holdfast/supervisor-output";
const PROBE_SECONDS = 30;
/** Until the first answer, so that a start is confirmed soon. */
const FIRST_PROBE_SECONDS = 2;

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
 * and ends, so that the unit starts it again: with status 1 when the container ended, with 0 when another supervisor has
 * its turn.
 * @throws when none can be started; the unit's restart tries again.
 */
export function runSupervisor(machine: Machine): number {
  const manifest = parseManifest(machine.readText(MANIFEST) ?? "{}");
  machine.makeDirectory("/tmp/balena-supervisor");
  const wish = readWish(machine);
  const { run, isTrial, dropWish } = beginStart(machine, manifest, wish);
  if (run === undefined) ensureImage(machine, manifest);
  const { id, version } = run ?? manifest;
  const subject = { id, version, slot: manifest.id };
  // Before it runs: it may be fetching another one.
  if (!isTrial && !isOsOnTrial(machine)) sweepImages(machine, neededImages(machine, id));
  try {
    return stayWith(machine, { ...subject, isTrial, wish: dropWish ? undefined : wish });
  } catch (error) {
    if (isTrial) noteTrialEnd(machine, manifest.id, error instanceof Error ? error.message : String(error));
    throw error;
  }
}

type Run = Pick<SupervisorManifest, "id" | "version"> & {
  readonly slot: string;
  readonly isTrial: boolean;
  readonly wish: string | undefined;
};

function stayWith(machine: Machine, run: Run): number {
  const settings = readSupervisorSettings(machine);
  forgetSigns(machine);
  // Attached first, or its first lines would be missing. It goes with the unit.
  startContainer(machine, supervisorContainer(run, settings), () => machine.detach([OUTPUT, CONTAINER]));
  machine.run(["systemd-notify", "--ready", `--status=supervisor ${run.version} runs`]);
  const { port } = settings;
  let trial = run.isTrial ? new TrialWatcher(machine, { ...run, port }) : undefined;
  let answered = false;
  while (keepsRunning(machine, answered ? PROBE_SECONDS : FIRST_PROBE_SECONDS)) {
    const now = answersAt(machine, port, "/ping");
    if (now) machine.run(["systemd-notify", "WATCHDOG=1"]);
    if (now && !answered) machine.log(`supervisor ${run.version} answers on port ${port}`);
    answered ||= now;
    const verdict = trial?.look(now);
    if (verdict === "refused") return 0;
    if (verdict === "confirmed") trial = undefined;
    const wish = readWish(machine);
    if (wish !== undefined && wish !== run.wish) {
      machine.log("another supervisor is wished for");
      return 0;
    }
  }
  const status = inspectContainer(machine)?.State.ExitCode;
  machine.log("the supervisor's container ended");
  if (trial !== undefined)
    noteTrialEnd(machine, run.slot, `it ended by itself${status === undefined ? "" : ` with status ${status}`}`);
  return 1;
}

/** The unit stops: the container stops too, apps stay as they are. */
export function stopSupervisor(machine: Machine): number {
  askEngine(machine, { method: "POST", path: `/containers/${CONTAINER}/stop`, timeoutSeconds: 30 });
  const result = machine.environment("SERVICE_RESULT");
  const slot = parseManifest(machine.readText(MANIFEST) ?? "{}").id;
  // Somebody stopped it, or the device was shut down: that says nothing about it.
  if (result === "success") forgiveStarts(machine, slot);
  if (result === "watchdog") noteTrialEnd(machine, slot, "it did not answer");
  return 0;
}
