import type { ApplyWatch } from "../apply/apply-watch.ts";
import type { Counters } from "./counters.ts";

/** Steps are told as events, and counted. */
export function watchBoth(events: ApplyWatch, counters: Counters): ApplyWatch {
  return {
    planned: () => events.planned(),
    locked: (refusals) => events.locked(refusals),
    looked: () => events.looked(),
    began: (step) => events.began(step),
    progressed: (step, percent, bytes) => {
      counters.progressed(step, percent, bytes);
      events.progressed(step, percent, bytes);
    },
    ended: (step, failure) => {
      counters.ended(step, failure);
      events.ended(step, failure);
    },
  };
}
