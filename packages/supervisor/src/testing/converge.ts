import { runStep } from "../apply/run-step.ts";
import { noIntents } from "../intent/intent.ts";
import type { PlanContext } from "../plan/context.ts";
import { plan } from "../plan/plan.ts";
import type { Step } from "../plan/step.ts";
import type { Desired } from "../spec/desired.ts";
import { noEffects } from "./fixtures.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";

export type ConvergeOptions = {
  readonly context?: Partial<PlanContext>;
  /** Which steps of a round are done; all by default. The rest are planned again in the next round. */
  readonly choose?: (steps: readonly Step[], round: number) => readonly Step[];
  readonly rounds?: number;
  readonly onStep?: (step: Step, engine: SimulatedEngine) => void;
};

const MAX_ROUNDS = 80;
/** Long enough that a hand-over's timeout passes within the rounds allowed. */
const ROUND_MS = 2000;

/** A context that knows nothing, as after the supervisor's start. */
export function freshContext(engine: SimulatedEngine): PlanContext {
  return {
    now: engine.now,
    seenRunning: new Set(),
    restartPauses: new Map(),
    space: { freeBytes: Number.POSITIVE_INFINITY, needs: new Map() },
    handedOver: new Set(),
    lockedApps: new Map(),
    lockedServices: new Map(),
    intents: noIntents,
    keepImages: false,
    keepVolumes: false,
    ownedImages: [...engine.images.keys()],
  };
}

/** Plans and applies round after round until nothing is left to do; returns each round's steps. */
export async function converge(
  engine: SimulatedEngine,
  desired: Desired,
  options: ConvergeOptions = {},
): Promise<Step[][]> {
  const seenRunning = new Set<string>();
  const rounds: Step[][] = [];
  const limit = options.rounds ?? MAX_ROUNDS;
  for (let round = 0; round < limit; round += 1) {
    const current = await engine.observe();
    for (const container of current.containers) if (container.state === "running") seenRunning.add(container.id);
    const context = { ...freshContext(engine), seenRunning, ...options.context };
    const { steps, waits } = plan(current, desired, context);
    if (steps.length === 0 && waits.length === 0) return rounds;
    const chosen = options.choose?.(steps, round) ?? steps;
    for (const step of chosen) {
      options.onStep?.(step, engine);
      await runStep(engine, noEffects, step, { signal: AbortSignal.timeout(60_000) });
      if (step.do === "start-container") seenRunning.add(step.id);
      if (step.do === "stop-container") seenRunning.delete(step.id);
    }
    rounds.push([...chosen]);
    engine.now += ROUND_MS;
  }
  return rounds;
}

/** A step in one line, for golden plans. */
export function summary(step: Step): string {
  switch (step.do) {
    case "create-network":
      return `create network ${step.network.name}`;
    case "remove-network":
      return `remove network ${step.name}`;
    case "create-volume":
      return `create volume ${step.volume.name}`;
    case "remove-volume":
      return `remove volume ${step.name}`;
    case "pull-image":
      return `pull ${step.image}`;
    case "remove-image":
      return `remove image ${step.image}`;
    case "create-container":
      return `create ${step.spec.name}`;
    case "connect-network":
      return `connect ${step.of.service} to ${step.network}`;
    case "start-container":
      return `start ${step.of.service}`;
    case "restart-container":
      return [`restart ${step.of.service}`, ...step.sharing.map((id) => `and ${id}`)].join(" ");
    case "stop-container":
      return `stop ${step.of.service}`;
    case "remove-container":
      return `remove ${step.of.service}`;
    case "rename-container":
      return `rename ${step.of.service} to ${step.name}`;
  }
}
