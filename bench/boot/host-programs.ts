import { z } from "zod";

const MICROSECONDS = 1e6;
/** Since the kernel started; `find-root` is the initrd's, whose units are gone once the root's systemd runs. */
const FIND_ROOT = "holdfast-find-root.service";

/**
 * The initrd's program from the journal, and when the kernel first named the partitions of the boot disk; then the
 * programs of each service on the chain of units that the boot had to wait for, one line of JSON for each property.
 */
export const HOST_PROGRAMS_COMMAND = `journal="journalctl --boot --output=short-monotonic --no-hostname --no-pager"
$journal --unit=${FIND_ROOT}
$journal --dmesg | grep --max-count=1 "kernel:  *$(jq --raw-output .disk /run/holdfast/boot.json): "
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

/** The host program that a command starts, be it through a shell. */
const nameOf = (argv: readonly string[]): string | undefined =>
  /\/usr\/lib\/holdfast\/([\w-]+)\.js\b/.exec(argv.join(" "))?.[1];

/**
 * Seconds that each host program took on the boot's critical path, by name, from what HOST_PROGRAMS_COMMAND printed. One that
 * still runs is no part of it: what it waits for is the engine or the supervisor. Nor is what find-root did before there
 * was a disk: the boot would have waited for that without it. Pure.
 * @throws when the journal does not hold the initrd's part
 */
export function parseHostPrograms(text: string): ReadonlyMap<string, number> {
  const at = (line: string, event: string): number => {
    const found = new RegExp(`^\\[ *([\\d.]+)\\] ${line}`, "m").exec(text)?.[1];
    if (found === undefined) throw new Error(`the journal does not tell when ${event}`);
    return Number(found);
  };
  const began = at(`systemd\\[1\\]: Starting ${FIND_ROOT}`, `${FIND_ROOT} started`);
  const ended = at(`systemd\\[1\\]: Finished ${FIND_ROOT}`, `${FIND_ROOT} finished`);
  const disk = at("kernel: +\\S+: ", "the boot disk was there");
  const programs = new Map([["find-root", ended - Math.max(began, disk)]]);
  for (const line of text.split("\n").filter((each) => each.startsWith("{"))) {
    for (const [, argv, , , start, , exit] of propertySchema.parse(JSON.parse(line)).data) {
      const name = nameOf(argv);
      if (name === undefined || exit === 0) continue;
      programs.set(name, (programs.get(name) ?? 0) + (exit - start) / MICROSECONDS);
    }
  }
  return programs;
}
