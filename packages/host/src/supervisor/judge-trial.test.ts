import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstWatch, HEALTHY_MS, judgeTrial, PATIENCE_MS, type TrialSigns } from "./judge-trial.ts";

const well: TrialSigns = {
  answers: true,
  isHealthy: true,
  hasLooked: true,
  server: "serves",
  isServerReachable: () => true,
};
const LOOK_MS = 30_000;

/** The first verdict that is more than waiting, and when. */
function follow(signsAt: (now: number) => TrialSigns, { needsServer = true, until = 4 * PATIENCE_MS } = {}) {
  let watch = firstWatch(0);
  for (let now = 0; now <= until; now += LOOK_MS) {
    const judged = judgeTrial(watch, signsAt(now), { now, needsServer });
    watch = judged.watch;
    if (judged.verdict !== "wait" && judged.verdict !== "settled") return { now, verdict: judged.verdict };
  }
  return undefined;
}

describe("judgeTrial", () => {
  it("confirms who was well for long enough, without a break", () => {
    expect(follow(() => well)).toEqual({ now: HEALTHY_MS, verdict: "confirmed" });
    const broken = follow((now) => ({ ...well, answers: now !== LOOK_MS }));
    expect(broken).toEqual({ now: HEALTHY_MS + 2 * LOOK_MS, verdict: "confirmed" });
  });

  it("does not ask for a server where the wish came from none, or where there is none any more", () => {
    expect(follow(() => ({ ...well, server: "silent" }), { needsServer: false })?.verdict).toBe("confirmed");
    expect(follow(() => ({ ...well, server: "none" }))?.verdict).toBe("confirmed");
  });

  it("never condemns for a server that is away, or has nothing but errors", () => {
    const day = { until: 86_400_000 };
    expect(follow(() => ({ ...well, server: "silent", isServerReachable: () => false }), day)).toBeUndefined();
    expect(follow(() => ({ ...well, server: "answers" }), day)).toBeUndefined();
    const hour = 3_600_000;
    const back = follow((now) => ({
      ...well,
      server: now < hour ? "silent" : "serves",
      isServerReachable: () => now >= hour,
    }));
    expect(back).toEqual({ now: hour, verdict: "confirmed" });
  });

  it("refuses who does not reach a server that the device reaches", () => {
    const judged = follow(() => ({ ...well, server: "silent" }));
    expect(judged).toEqual({ now: HEALTHY_MS + PATIENCE_MS, verdict: { refused: expect.stringContaining("server") } });
  });

  it("confirms only what is well at that moment", () => {
    const signs = fc.record({
      answers: fc.boolean(),
      isHealthy: fc.boolean(),
      hasLooked: fc.boolean(),
      server: fc.constantFrom("none", "silent", "answers", "serves"),
      isServerReachable: fc.boolean().map((value) => () => value),
    });
    fc.assert(
      fc.property(fc.array(signs, { minLength: 1, maxLength: 80 }), fc.boolean(), (looks, needsServer) => {
        let watch = firstWatch(0);
        for (const [at, look] of looks.entries()) {
          const judged = judgeTrial(watch, look, { now: at * LOOK_MS, needsServer });
          watch = judged.watch;
          if (judged.verdict !== "confirmed") continue;
          const lately = looks.slice(at - HEALTHY_MS / LOOK_MS, at + 1);
          return lately.every(({ answers, isHealthy, hasLooked }) => answers && isHealthy && hasLooked);
        }
        return true;
      }),
    );
  });
});
