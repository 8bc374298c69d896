import type { Machine } from "../../machine/machine.ts";
import type { Answers, Probe, ProbeAnswer } from "./probe.ts";

/** Each probe may take that long: an emulated or busy device starts two dozen programs at once. */
export const PROBE_SECONDS = 10;
/** Then what is not there yet counts as unanswered: a program that waits for a dead disk cannot even be killed. */
const DEADLINE_MS = 12_000;
const LOOK_MS = 100;
/** How `timeout` says that it ended a program: by a signal that it heeded, or by SIGKILL. */
const TIMED_OUT = [124, 137];

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Starts all probes and ends at once; their answers appear in the directory that it prints, which only root can read.
 * Standard error is dropped: programs complain there in the words of the moment.
 */
function startScript(probes: readonly Probe[]): string {
  const start = ({ name, argv }: Probe): string =>
    `(timeout -k 1 ${PROBE_SECONDS} ${argv.map(quote).join(" ")} >"$d/${name}.out"; echo $? >"$d/${name}.status") ` +
    "</dev/null >/dev/null 2>&1 &";
  const place = "umask 077; mkdir -p /run/holdfast && d=$(mktemp -d /run/holdfast/doctor.XXXXXX) || exit 1";
  return [place, ...probes.map(start), 'echo "$d"'].join("\n");
}

function readAnswer(machine: Machine, path: string): ProbeAnswer | undefined {
  const status = machine.readText(`${path}.status`) ?? "";
  // Without its line's end it is still being written.
  if (!/^\d+\n$/.test(status)) return undefined;
  return { status: Number(status), output: machine.readText(`${path}.out`) ?? "" };
}

/**
 * Runs all probes side by side, and returns when all have ended or their time is over.
 * @throws when the device has no place for the answers: the caller is not root, or /run is full
 */
export function runProbes(machine: Machine, probes: readonly Probe[]): Answers {
  const { status, output } = machine.run(["sh", "-c", startScript(probes)]);
  const folder = output.trim();
  if (status !== 0 || folder === "") throw new Error("no directory can be made below /run/holdfast: is this root?");
  const answers = new Map<string, ProbeAnswer>();
  const end = machine.now() + DEADLINE_MS;
  for (;;) {
    for (const { name } of probes.filter((probe) => !answers.has(probe.name))) {
      const answer = readAnswer(machine, `${folder}/${name}`);
      if (answer !== undefined) answers.set(name, answer);
    }
    if (answers.size === probes.length || machine.now() >= end) break;
    machine.sleep(LOOK_MS);
  }
  machine.run(["rm", "-rf", folder], { quiet: true });
  return new Map([...answers].filter(([, answer]) => !TIMED_OUT.includes(answer.status)));
}
