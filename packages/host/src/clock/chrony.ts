import type { Machine } from "../machine/machine.ts";

/** A time source as chronyd sees it. `selected`: the clock follows it. `silent`: it did not answer lately. */
export type TimeSource = { readonly name: string; readonly state: "selected" | "usable" | "unusable" | "silent" };

const states: Readonly<Record<string, TimeSource["state"]>> = {
  "*": "selected",
  "+": "usable",
  "-": "usable",
  "?": "silent",
  x: "unusable",
  "~": "unusable",
};

/** What `chronyc -c sources` prints: one line of values for each source. */
export function parseSources(report: string): readonly TimeSource[] {
  return report.split("\n").flatMap((line) => {
    const [mode = "", state = "", name = ""] = line.split(",");
    const known = states[state];
    return /^[\^=#]$/.test(mode) && known !== undefined && name !== "" ? [{ name, state: known }] : [];
  });
}

/** The sources; undefined when chronyd does not answer. chronyc itself gives up after some seconds. */
export function readSources(machine: Machine): readonly TimeSource[] | undefined {
  const { status, output } = machine.run(["timeout", "30", "chronyc", "-c", "-n", "sources"], { quiet: true });
  return status === 0 ? parseSources(output) : undefined;
}

/** How many sources chronyd thinks it can reach. */
export function onlineSources(machine: Machine): number {
  const { output } = machine.run(["timeout", "30", "chronyc", "-c", "activity"], { quiet: true });
  return Number(output.split(",")[0]) || 0;
}

export const selectedSource = (sources: readonly TimeSource[] | undefined): TimeSource | undefined =>
  sources?.find(({ state }) => state === "selected");

/** Tells chronyd something. What it answers is no use in the journal. */
export const tellChrony = (machine: Machine, ...words: readonly string[]): boolean =>
  machine.run(["timeout", "90", "chronyc", ...words], { quiet: true }).status === 0;
