import { type Architecture, refuse, suggestName } from "@holdfast/contracts";

const architectures: readonly Architecture[] = ["amd64", "arm64"];

/**
 * The value of --arch; amd64 when it is not given.
 * @throws `cli.usage`
 */
export function parseArchitecture(word = "amd64"): Architecture {
  const found = architectures.find((known) => known === word);
  return (
    found ?? refuse("cli.usage", { message: `--arch: there is no "${word}".`, hint: suggestName(word, architectures) })
  );
}
