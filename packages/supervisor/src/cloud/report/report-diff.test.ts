import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMetricsOnly, reportDiff } from "./report-diff.ts";

describe("the difference of two reports", () => {
  it("has whole values of the keys that changed", () => {
    const before = {
      status: "Idle",
      api_port: 1,
      apps: { a: { releases: { x: { update_status: "done", services: {} } } } },
    } as const;
    const apps = {
      a: { releases: { x: { update_status: "downloading", services: {} } } },
      b: { releases: {} },
    } as const;
    expect(reportDiff(before, { ...before, status: "Updating", apps })).toEqual({ status: "Updating", apps });
    expect(reportDiff(before, structuredClone(before))).toEqual({});
    expect(reportDiff({}, before)).toEqual(before);
  });

  it.each([
    ["cpu_usage", 1, 19, false],
    ["cpu_usage", 19, 20, true],
    ["cpu_temp", 50, 54, false],
    ["cpu_temp", 54, 55, true],
    ["memory_usage", 100, 109, false],
    ["memory_usage", 109, 110, true],
    ["storage_usage", 100, 101, true],
    ["cpu_usage", 1, null, true],
    ["cpu_usage", undefined, 1, true],
  ])("counts %s from %s to %s: %s", (key, before, now, isSaid) => {
    expect(key in reportDiff({ [key]: before }, { [key]: now })).toBe(isSaid);
  });

  it("makes of what was told before what is to be told now, but for small moves of figures", () => {
    const report = fc.record(
      { status: fc.string(), ip_address: fc.string(), api_port: fc.nat() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(report, report, (before, now) => {
        const told = { ...before, ...reportDiff(before, now) };
        expect(told).toMatchObject(now);
        expect(reportDiff(told, now)).toEqual({});
      }),
    );
  });

  it("knows figures", () => {
    expect(isMetricsOnly({ cpu_usage: 1, memory_total: 2 })).toBe(true);
    expect(isMetricsOnly({ cpu_usage: 1, status: "Idle" })).toBe(false);
  });
});
