import { refuse, suggestName } from "@holdfast/contracts";
import type { EndToEndSuite } from "./end-to-end-suites.ts";
import { REPORT } from "./run-suites.ts";
import type { Suite } from "./suite.ts";

/** What `holdfast test …` was asked for. */
export type Scope = "default" | "unit" | "e2e" | "bench" | "full";

export type SuitePlan = {
  /** Cheap ones, run side by side. */
  readonly quick: readonly Suite[];
  /** Those that boot virtual machines or measure, run after the quick ones. */
  readonly heavy: readonly Suite[];
};

export type Known = {
  /** Absolute path of the pinned Node. */
  readonly node: string;
  readonly endToEnd: readonly EndToEndSuite[];
  readonly benches: readonly string[];
};

const MINUTE = 60_000;
const BENCH_LIMIT_MINUTES = 90;

/**
 * Decides which suites run. Pure.
 * @throws `cli.usage` for an unknown name
 */
export function planSuites(scope: Scope, name: string | undefined, known: Known): SuitePlan {
  const endToEnd = (tier: "core" | "any"): Suite[] =>
    known.endToEnd
      .filter((suite) => tier === "any" || suite.tier === "core")
      .map((suite) => endToEndSuite(suite, known.node));
  switch (scope) {
    case "unit":
      return { quick: [unitSuite(known.node, name)], heavy: [] };
    case "e2e":
      return { quick: [], heavy: name === undefined ? endToEnd("any") : named(endToEnd("any"), `e2e/${name}`) };
    case "bench":
      return { quick: [], heavy: name === undefined ? benches(known) : named(benches(known), `bench/${name}`) };
    case "full":
      return {
        quick: [...staticChecks(known.node), unitSuite(known.node)],
        heavy: [...endToEnd("any"), ...benches(known)],
      };
    case "default":
      return { quick: [...staticChecks(known.node), unitSuite(known.node)], heavy: endToEnd("core") };
  }
}

function named(suites: readonly Suite[], name: string): Suite[] {
  const found = suites.filter((suite) => suite.name === name);
  if (found.length > 0) return found;
  const [kind = "", wanted = ""] = name.split("/");
  const known = suites.map((suite) => suite.name.slice(kind.length + 1));
  return refuse("cli.usage", { message: `There is no ${kind} suite "${wanted}".`, hint: suggestName(wanted, known) });
}

function staticChecks(node: string): Suite[] {
  const check = (name: string, ...argv: [string, ...string[]]): Suite => ({
    name: `static/${name}`,
    argv: [node, ...argv],
    outcome: "status",
    timeoutMs: 5 * MINUTE,
  });
  const bin = (program: string): string => `node_modules/.bin/${program}`;
  return [
    check("biome", bin("biome"), "check", "--error-on-warnings", "."),
    check("tsc", bin("tsc"), "-p", "tsconfig.json"),
    check("tsc-quickjs", bin("tsc"), "-p", "packages/host/tsconfig.qjs.json"),
    check("arrows", bin("depcruise"), "--config", ".dependency-cruiser.mjs", "packages", "os", "e2e", "bench"),
    check("dead-code", bin("knip"), "--no-progress"),
  ];
}

function unitSuite(node: string, filter?: string): Suite {
  const filters = filter === undefined ? [] : [filter];
  return vitest("unit", node, "vitest.config.ts", filters, 5);
}

function endToEndSuite(suite: EndToEndSuite, node: string): Suite {
  return vitest(
    `e2e/${suite.name}`,
    node,
    "e2e/vitest.config.ts",
    [`e2e/${suite.name}.e2e.test.ts`],
    suite.limitMinutes,
  );
}

function vitest(name: string, node: string, config: string, filters: readonly string[], limitMinutes: number): Suite {
  return {
    name,
    argv: [
      node,
      "node_modules/.bin/vitest",
      "run",
      ...filters,
      "--config",
      config,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${REPORT}`,
    ],
    outcome: "vitest",
    timeoutMs: limitMinutes * MINUTE,
  };
}

function benches(known: Known): Suite[] {
  return known.benches.map((name) => ({
    name: `bench/${name}`,
    argv: [known.node, "packages/cli/src/main.ts", "bench", name, "--out", REPORT],
    outcome: "bench",
    timeoutMs: BENCH_LIMIT_MINUTES * MINUTE,
  }));
}
