import { HoldfastError } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { planSuites, type Scope } from "./plan-suites.ts";

const known = {
  node: "/node",
  endToEnd: [
    { name: "boot", tier: "core", minutes: 2, limitMinutes: 10, about: "boots the image" },
    { name: "mkosi", tier: "full", minutes: 20, limitMinutes: 60, about: "compares with mkosi" },
  ],
  benches: ["image"],
} as const;
const names = (scope: Scope, name?: string) => {
  const plan = planSuites(scope, name, known);
  return [...plan.quick, ...plan.heavy].map((suite) => suite.name);
};

it("runs the static checks, the unit suite and the core suites by default", () => {
  expect(names("default")).toEqual([
    "static/biome",
    "static/tsc",
    "static/tsc-quickjs",
    "static/arrows",
    "static/dead-code",
    "unit",
    "e2e/boot",
  ]);
});

it("runs everything in full", () => {
  expect(names("full").slice(-3)).toEqual(["e2e/boot", "e2e/mkosi", "bench/image"]);
});

it("runs one suite by name, of either tier", () => {
  expect(names("e2e", "mkosi")).toEqual(["e2e/mkosi"]);
  expect(names("unit", "tree")).toEqual(["unit"]);
});

it("suggests the nearest suite", () => {
  expect(() => names("e2e", "bot")).toThrow(expect.objectContaining({ hint: "Did you mean boot?" }));
  expect(() => names("bench", "zzz")).toThrow(HoldfastError);
});
