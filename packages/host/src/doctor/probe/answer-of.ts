import type { Answers, ProbeAnswer } from "./probe.ts";
import { PROBE_SECONDS } from "./run-probes.ts";

/** How a probe ended. @throws when it did not end in time */
export function answerOf(answers: Answers, name: string): ProbeAnswer {
  const answer = answers.get(name);
  if (answer === undefined) throw new Error(`"${name}" gave no answer within ${PROBE_SECONDS} s`);
  return answer;
}

/** What a probe said. @throws also when it ended with another status than 0 */
export function outputOf(answers: Answers, name: string): string {
  const { status, output } = answerOf(answers, name);
  if (status !== 0) throw new Error(`"${name}" ended with status ${status}`);
  return output;
}

/** What a probe said; undefined when it failed, or did not end in time: for those whom silence tells something. */
export function saidBy(answers: Answers, name: string): string | undefined {
  const answer = answers.get(name);
  return answer?.status === 0 ? answer.output : undefined;
}
