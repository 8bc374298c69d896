import type { ServerContact } from "@holdfast/contracts/host";

/** How long a supervisor must be well without a break, in milliseconds. */
export const HEALTHY_MS = 120_000;
/** How long one may be unwell, or unable to reach a server that the device reaches. A slow card starts in a few minutes. */
export const PATIENCE_MS = 900_000;

/** What is seen of a supervisor on trial at one time. */
export type TrialSigns = {
  readonly answers: boolean;
  /** By its own word (`/v1/healthy`). */
  readonly isHealthy: boolean;
  readonly hasLooked: boolean;
  readonly server: ServerContact;
  /** Whether the host gets an answer of the server; asked only where it decides. */
  readonly isServerReachable: () => boolean;
};

/** What must be remembered between two looks, all by the clock that never goes back. */
export type TrialWatch = {
  readonly unwellSince: number | undefined;
  readonly wellSince: number | undefined;
  readonly cutOffSince: number | undefined;
};

export type Judgement = {
  readonly watch: TrialWatch;
  /** `settled`: well for long enough, but its server has not been heard yet. */
  readonly verdict: "wait" | "settled" | "confirmed" | { readonly refused: string };
};

export const firstWatch = (now: number): TrialWatch => ({
  unwellSince: now,
  wellSince: undefined,
  cutOffSince: undefined,
});

/**
 * Judges a supervisor on trial. A server that is away, or has nothing but errors, condemns none: the trial lasts until it
 * is back. One that the host reaches and the supervisor does not hear shows that the supervisor is broken.
 */
export function judgeTrial(watch: TrialWatch, signs: TrialSigns, { now, needsServer }: JudgeOptions): Judgement {
  const lack = lackOf(signs);
  if (lack !== undefined) {
    const unwellSince = watch.unwellSince ?? now;
    const verdict =
      now - unwellSince >= PATIENCE_MS ? { refused: `for ${PATIENCE_MS / 60_000} minutes ${lack}` } : "wait";
    return { watch: { ...watch, unwellSince, wellSince: undefined }, verdict };
  }
  const well = { ...watch, unwellSince: undefined, wellSince: watch.wellSince ?? now };
  if (now - well.wellSince < HEALTHY_MS) return { watch: well, verdict: "wait" };
  if (!needsServer || signs.server === "serves" || signs.server === "none")
    return { watch: well, verdict: "confirmed" };
  if (signs.server === "answers" || !signs.isServerReachable())
    return { watch: { ...well, cutOffSince: undefined }, verdict: "settled" };
  const cutOffSince = watch.cutOffSince ?? now;
  const refused = "the fleet server answers this device, but not this supervisor";
  return { watch: { ...well, cutOffSince }, verdict: now - cutOffSince >= PATIENCE_MS ? { refused } : "settled" };
}

type JudgeOptions = { readonly now: number; readonly needsServer: boolean };

function lackOf({ answers, isHealthy, hasLooked }: TrialSigns): string | undefined {
  if (!answers) return "it did not answer";
  if (!isHealthy) return "it said that it is not healthy";
  return hasLooked ? undefined : "it did not look at the engine";
}
