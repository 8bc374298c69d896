/** In which order the old and the new container of a service live (compat 4.5). */
export type Strategy = "download-then-kill" | "kill-then-download" | "delete-then-download" | "hand-over";

const STRATEGIES: ReadonlySet<string> = new Set<Strategy>([
  "download-then-kill",
  "kill-then-download",
  "delete-then-download",
  "hand-over",
]);
const DEFAULT_HANDOVER_MS = 60_000;

function isStrategy(text: string | undefined): text is Strategy {
  return text !== undefined && STRATEGIES.has(text);
}

/** The strategy that a service's label names; any other value means download-then-kill. */
export function strategyOf(labels: Readonly<Record<string, string>>): Strategy {
  const label = labels["io.balena.update.strategy"];
  return isStrategy(label) ? label : "download-then-kill";
}

/** How long the old container may live beside the new one, in milliseconds. */
export function handoverTimeout(labels: Readonly<Record<string, string>>): number {
  const text = labels["io.balena.update.handover-timeout"] ?? "";
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : DEFAULT_HANDOVER_MS;
}
