import type { Machine } from "../machine/machine.ts";

/** What a pipe holds, see RunOptions. */
const MOST_BYTES = 60_000;

/**
 * Has NetworkManager's own library take a keyfile, without the daemon. It knows every property, and it is the one that
 * refuses in the end.
 * @returns what it refuses, without values, which may be secret; undefined when it takes the file or cannot be asked.
 */
export function whatNetworkManagerRefuses(machine: Machine, text: string): string | undefined {
  if (text.length * 3 > MOST_BYTES && text.length > MOST_BYTES / 3) return undefined;
  // A name is set, since the daemon names after the file what has none.
  const { status, output } = machine.run(
    ["sh", "-c", "exec nmcli --offline connection modify connection.id x 2>&1 >/dev/null"],
    { input: text, env: { LC_ALL: "C.UTF-8" } },
  );
  // 1, 2 and 4 are verdicts (nmcli(1)); others mean that it could not work at all.
  if (![1, 2, 4].includes(status)) return undefined;
  const property = /Error writing connection: ([a-z0-9-]+(?:\.[a-z0-9-]+)?):/.exec(output)?.[1];
  return property === undefined ? "NetworkManager cannot read it" : `NetworkManager refuses its ${property}`;
}
