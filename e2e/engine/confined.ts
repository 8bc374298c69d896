import { RESERVE_GROUP, supervisorCapabilities } from "@holdfast/host";

/**
 * A command as it runs in the supervisor's container on a device: with those capabilities and that group only, and unable to gain
 * others. An ordinary user has fewer anyway.
 */
export function confined(program: string, args: readonly string[]): readonly [string, readonly string[]] {
  if (process.getuid?.() !== 0) return [program, args];
  const kept = Object.keys(supervisorCapabilities).map((name) => `+${name.toLowerCase()}`);
  const bounds = ["-all", ...kept].join(",");
  return [
    "setpriv",
    ["--no-new-privs", `--groups=${RESERVE_GROUP}`, "--inh-caps=-all", `--bounding-set=${bounds}`, program, ...args],
  ];
}
