import type { Command } from "./command.ts";

/** Every command, in the order in which the help lists them. */
export const commands: readonly Command[] = [
  {
    name: "test",
    summary: "run static checks, the unit suites and the core end-to-end suites",
    arguments: [
      { name: "SUITES", help: "unit (under 30 s), e2e, bench, or full (everything); without it the daily set" },
      { name: "NAME", help: "only this end-to-end suite or benchmark, or the unit tests whose path contains it" },
    ],
    examples: ["test", "test unit", "test e2e boot", "test full"],
    load: () => import("../commands/test.ts"),
  },
];
