import { z } from "zod";

const MICROSECONDS = 1e6;
/** Since the kernel started; `find-root` is the initrd's, whose units are gone once the root's systemd runs. */
const FIND_ROOT = "holdfast-find-root.service";
const INTERPRETER = "/usr/bin/qjs";

/**
 * The initrd's program from the journal, then the programs of each service on the chain of units that the boot had to wait
 * for, one line of JSON for each property.
 */
export const HOST_PROGRAMS_COMMAND = `journalctl --boot --output=short-monotonic --no-hostname --no-pager --unit=${FIND_ROOT}
bus=org.freedesktop.systemd1
systemd-analyze critical-chain --no-pager | sed -n 's/^[^[:alnum:]]*\\([^ ]*\\.service\\) .*/\\1/p' | while read -r unit; do
  object=$(busctl call $bus /org/freedesktop/systemd1 $bus.Manager GetUnit s "$unit" | cut -d '"' -f 2)
  busctl --json=short get-property $bus "$object" $bus.Service ExecStartPre ExecStart ExecStartPost
done`;

/** systemd's D-Bus interface: program, arguments, two flags and times, of which the monotonic ones count; 0: not yet. */
const propertySchema = z.object({
  data: z.array(
    z
      .tuple([z.string(), z.array(z.string()), z.boolean(), z.number(), z.number(), z.number(), z.number()])
      .rest(z.number()),
  ),
});

const nameOf = (argv: readonly string[]): string =>
  (argv.find((word) => word.endsWith(".js")) ?? "").replace(/^.*\//, "").replace(/\.js$/, "");

/**
 * Seconds that each host program took on the boot's critical path, by name, from what HOST_PROGRAMS_COMMAND printed. One that
 * still runs is no part of it: what it waits for is the engine or the supervisor. Pure.
 * @throws when the journal does not hold the initrd's part
 */
export function parseHostPrograms(text: string): ReadonlyMap<string, number> {
  const at = (word: string): number => {
    const found = new RegExp(`^\\[ *([\\d.]+)\\] systemd\\[1\\]: ${word} ${FIND_ROOT}`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`the journal does not tell when ${FIND_ROOT} was ${word.toLowerCase()}`);
    return Number(found);
  };
  const programs = new Map([["find-root", at("Finished") - at("Starting")]]);
  for (const line of text.split("\n").filter((each) => each.startsWith("{"))) {
    for (const [path, argv, , , start, , exit] of propertySchema.parse(JSON.parse(line)).data) {
      if (path !== INTERPRETER || exit === 0) continue;
      const name = nameOf(argv);
      programs.set(name, (programs.get(name) ?? 0) + (exit - start) / MICROSECONDS);
    }
  }
  return programs;
}
