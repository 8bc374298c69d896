import type { ChosenSupervisor, SupervisorChoice } from "@holdfast/contracts/host";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideStart, type Look } from "./decide-start.ts";

const chosen = (release: string, id: string): ChosenSupervisor => ({ release, id, version: release, files: {} });
const look = fc.oneof(
  fc.constant<Look>({ kind: "fit", version: "v", files: {} }),
  fc.constant<Look>({ kind: "absent" }),
  fc.constant<Look>({ kind: "unfit", reason: "broken" }),
);
const release = fc.constantFrom("r1", "r2", "r3");
const id = fc.constantFrom("slot", "a", "b", "c");
const choice: fc.Arbitrary<SupervisorChoice> = fc
  .record({
    confirmed: fc.option(fc.tuple(release, id)),
    trial: fc.option(fc.tuple(release, id, fc.nat(4))),
    refused: fc.option(release),
  })
  .map(({ confirmed, trial, refused }) => ({
    slot: "slot",
    ...(confirmed && { confirmed: chosen(...confirmed) }),
    ...(trial && { trial: { ...chosen(trial[0], trial[1]), starts: trial[2], needsServer: false } }),
    ...(refused && { refused: { release: refused, reason: "bad" } }),
  }));
const facts = fc
  .record({
    wish: fc.option(fc.record({ release, id, needsServer: fc.boolean() }), { nil: undefined }),
    isOsOnTrial: fc.boolean(),
    looks: fc.record({ slot: look, a: look, b: look, c: look }),
  })
  .map(({ wish, isOsOnTrial, looks }) => ({
    slot: "slot",
    wish,
    isOsOnTrial,
    look: (of: string): Look => Object.entries(looks).find(([name]) => name === of)?.[1] ?? { kind: "absent" },
  }));

describe("decideStart", () => {
  it("starts the slot's own or an image that is whole, and only what the record will say", () => {
    fc.assert(
      fc.property(choice, facts, (before, given) => {
        const { run, isTrial, choice: after } = decideStart(before, given);
        if (run === undefined) return !isTrial && after.trial === undefined;
        expect(given.look(run.id).kind).toBe("fit");
        return isTrial ? after.trial?.id === run.id : after.confirmed?.id === run.id && after.trial === undefined;
      }),
    );
  });

  it("comes to the slot's own or a confirmed one when no trial is ever confirmed", () => {
    fc.assert(
      fc.property(choice, facts, (before, given) => {
        let state = before;
        for (let starts = 0; starts < 6; starts += 1) state = decideStart(state, given).choice;
        return !decideStart(state, given).isTrial;
      }),
    );
  });

  it("never tries a refused release again while the fleet names it", () => {
    fc.assert(
      fc.property(facts, (given) => {
        const wish = { release: "r2", id: "a", needsServer: false };
        const start = decideStart({ slot: "slot", refused: { release: "r2", reason: "bad" } }, { ...given, wish });
        return !start.isTrial && start.choice.refused?.release === "r2";
      }),
    );
  });

  it("ends a trial without a verdict when the fleet names the confirmed release again", () => {
    const state = {
      slot: "slot",
      confirmed: chosen("r1", "a"),
      trial: { ...chosen("r2", "b"), starts: 1, needsServer: true },
    };
    const start = decideStart(state, {
      slot: "slot",
      wish: { release: "r1", id: "a", needsServer: true },
      isOsOnTrial: false,
      look: () => ({ kind: "fit", version: "v", files: {} }),
    });
    expect(start).toMatchObject({ run: { release: "r1" }, isTrial: false });
    expect(start.choice).toEqual({ slot: "slot", confirmed: chosen("r1", "a") });
  });
});
