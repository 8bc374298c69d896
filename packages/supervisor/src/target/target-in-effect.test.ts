import { parseWire, type WireApps, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type TestApp, testFacts, wireOf } from "../testing/fixtures.ts";
import { type ReleaseKnowledge, targetInEffect } from "./target-in-effect.ts";

const wire = (app: TestApp): WireApps => parseWire(wireApps, wireOf(app), "test");
const nothing: ReleaseKnowledge = {
  provided: testFacts.provided,
  goodOf: () => undefined,
  formerOf: () => undefined,
  rejectionOf: () => undefined,
};
const needs = (version: string) => ({ contract: { slug: "x", requires: [{ type: "sw.supervisor", version }] } });

const old = targetInEffect(wire({ commit: "old", services: { web: {}, db: { image: "img:3" } } }), nothing);
const good = { fingerprint: old.apps[0]?.fingerprint ?? "", releases: old.apps[0]?.wire ?? {} };
const withGood: ReleaseKnowledge = { ...nothing, goodOf: () => good };

describe("the target in effect", () => {
  it("is the target itself when contracts are met and nothing is known against it", () => {
    const target = targetInEffect(wire({ services: { web: needs("^1.0.0") } }), nothing);
    expect(target.apps[0]).toMatchObject({ commit: "one", services: [{ name: "web" }] });
    expect(target.apps[0]).not.toHaveProperty("rejected");
    expect(target).toMatchObject({ warnings: [], spareImages: [], prefetch: [] });
  });

  it("leaves out optional services whose contract is not met, under either name of the label", () => {
    for (const label of ["io.balena.features.optional", "io.resin.features.optional"]) {
      const extra = { ...needs(">2"), labels: { [label]: "1" } };
      const target = targetInEffect(wire({ services: { web: {}, extra } }), nothing);
      expect(target.apps[0]?.services.map(({ name }) => name)).toEqual(["web"]);
      expect(target.warnings).toEqual(["extra: optional, not run: the device does not have sw.supervisor >2"]);
    }
  });

  it("rejects a release with a contract that is not met, and stays with the former one, or goes back to the good", () => {
    const target = targetInEffect(wire({ commit: "new", services: { web: needs(">2"), db: {} } }), withGood);
    expect(target.apps[0]).toMatchObject({
      commit: "old",
      fingerprint: good.fingerprint,
      rejected: {
        commit: "new",
        code: "supervisor.contract-unmet",
        reason: expect.stringMatching(/unmet requirements: app1: web needs sw.supervisor >2$/),
      },
    });
    expect(target.apps[0]?.isFrozen).toBeUndefined();
    const now = targetInEffect(wire({ commit: "now", services: { web: { image: "img:2" } } }), nothing).apps[0];
    const former = { fingerprint: now?.fingerprint ?? "", releases: now?.wire ?? {} };
    const stays = { ...withGood, formerOf: () => former };
    expect(targetInEffect(wire({ commit: "new", services: { web: needs(">2") } }), stays).apps[0]).toMatchObject({
      commit: "now",
      rejected: { commit: "new" },
    });
  });

  it("freezes an app that rejects its release and has no good one, and no other app", () => {
    const apps = { ...wire({ services: { web: needs(">2") } }), ...wire({ id: 2, services: { web: {} } }) };
    const target = targetInEffect(apps, nothing);
    expect(target.apps.map(({ id, isFrozen }) => [id, isFrozen])).toEqual([
      [1, true],
      [2, undefined],
    ]);
  });

  it("rejects what was found bad, by its content, not by its commit", () => {
    const next = wire({ commit: "new", services: { web: { image: "img:2" } } });
    const fingerprint = targetInEffect(next, nothing).apps[0]?.fingerprint;
    const rejected = { commit: "new", code: "supervisor.release-unhealthy", reason: "web is unhealthy" } as const;
    const knowledge = {
      ...withGood,
      rejectionOf: (_: string, of: string) => (of === fingerprint ? rejected : undefined),
    };
    expect(targetInEffect(next, knowledge).apps[0]).toMatchObject({ commit: "old", rejected });
    const again = wire({ commit: "new", services: { web: { image: "img:2", environment: { FIXED: "1" } } } });
    expect(targetInEffect(again, knowledge).apps[0]).toMatchObject({ commit: "new" });
  });

  it("spares the images of the good release while another one is in effect, but not those to be deleted first", () => {
    const labels = { "io.balena.update.strategy": "delete-then-download" };
    const next = (web: object) => targetInEffect(wire({ commit: "new", services: { web, db: {} } }), withGood);
    expect(next({ image: "img:2" }).spareImages).toEqual(["img:1", "img:3"]);
    expect(next({ image: "img:2", labels }).spareImages).toEqual(["img:3"]);
    expect(
      targetInEffect(wire({ commit: "old", services: { web: {}, db: { image: "img:3" } } }), withGood),
    ).toMatchObject({
      spareImages: [],
    });
  });

  it("refuses the whole target when a contract asks for what no device can have", () => {
    const contract = { slug: "x", requires: [{ type: "sw.blob", version: "1" }] };
    expect(() => targetInEffect(wire({ services: { web: { contract } } }), nothing)).toThrow(/app app1, service web/);
  });
});
