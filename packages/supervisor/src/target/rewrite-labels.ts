/** `io.resin.features.resin-socket` means `io.balena.features.balena-socket`; the new name wins when both are given. */
export function rewriteLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const rewritten: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels)) {
    const modern = name.startsWith("io.resin.") ? name.replaceAll("resin", "balena") : name;
    if (modern === name || !Object.hasOwn(labels, modern)) rewritten[modern] = value;
  }
  return rewritten;
}
