import type { LockRefusal } from "../locks/update-locks.ts";
import type { Step } from "../plan/step.ts";

/** Told of what the apply loop does, as it does it. Must neither wait nor throw. */
export type ApplyWatch = {
  /** Before the steps of a round's plan are begun. */
  readonly planned: () => void;
  /** The update locks that others hold, of what the plan wants to touch. */
  readonly locked: (refusals: readonly LockRefusal[]) => void;
  readonly began: (step: Step) => void;
  /** `bytes`: downloaded so far in this try. */
  readonly progressed: (step: Step, percent: number, bytes: number) => void;
  readonly ended: (step: Step, failure?: { readonly message: string; readonly retryInMs: number }) => void;
  /** At the end of a round: what was seen, and what is being done about it. */
  readonly looked: () => void;
};
