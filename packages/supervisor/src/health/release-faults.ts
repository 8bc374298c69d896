import type { MatchedApp, MatchedService } from "../plan/match.ts";

/** A service's containers ended, or had to be restarted, so often and so lately. */
export type Troubles = { readonly count: number; readonly calmMs: number };

/** Ends of a container that are no accident any more. */
const CRASH_LOOP = 3;
/** Unhealthy again after so many restarts: more of them will not help. */
const HOPELESS_RESTARTS = 2;

export type Findings = {
  /** Sentences: what is wrong with which service. */
  readonly faults: readonly string[];
  /** A healthcheck has not decided yet, a container has only just come up again, or starts in the next boot only. */
  readonly isUndecided: boolean;
  /** Something is wrong that time does not heal. */
  readonly isHopeless: boolean;
};

export type Findable = {
  readonly matched: MatchedApp;
  readonly troublesOf: (containerId: string) => Troubles;
  readonly healthRestartsOf: (containerId: string) => number;
  /** So long a container has to go without trouble to count as stable. */
  readonly stableMs: number;
};

/** What speaks against a release whose containers are all in place. Pure. */
export function releaseFaults(input: Findable): Findings {
  const faults = input.matched.services.flatMap((service) => {
    const fault = faultOf(service, input);
    return fault === undefined ? [] : [`${service.spec.service} ${fault}`];
  });
  const running = input.matched.services.flatMap(({ keep }) => (keep?.state === "running" ? [keep] : []));
  const hasNotSettled = running.some(({ id, health }) => {
    const { count, calmMs } = input.troublesOf(id);
    return health === "starting" || (count > 0 && calmMs < input.stableMs);
  });
  return {
    faults,
    isUndecided: hasNotSettled || input.matched.services.some(waitsForBoot),
    isHopeless: running.some(({ id, health }) => {
      return health === "unhealthy" && input.healthRestartsOf(id) >= HOPELESS_RESTARTS;
    }),
  };
}

/** In this boot it is not meant to start; what becomes of it is seen in the next one. */
function waitsForBoot({ spec, keep }: Pick<MatchedService, "spec" | "keep">): boolean {
  return keep?.state === "created" && spec.startsAfterBoot !== undefined && spec.startsAfterBoot === keep.bootId;
}

function faultOf({ spec, keep }: MatchedService, input: Findable): string | undefined {
  if (!spec.running) return undefined;
  switch (keep?.state) {
    case undefined:
      return "could not be made";
    case "created":
      return waitsForBoot({ spec, keep }) ? undefined : "did not start";
    case "restarting":
    case "dead":
    case "removing":
      return `keeps ending${keep.exitCode === 0 ? "" : ` (exit code ${keep.exitCode})`}`;
    case "exited":
    case "paused":
      // The engine would have restarted it: somebody stopped it, or it was meant to end.
      return undefined;
    case "running": {
      if (keep.health === "unhealthy") return "is unhealthy";
      const { count, calmMs } = input.troublesOf(keep.id);
      return count >= CRASH_LOOP && calmMs < input.stableMs ? `keeps ending (${count} times)` : undefined;
    }
  }
}
