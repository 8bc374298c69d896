const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** `16.4 MiB`; whole bytes below one KiB. */
export function formatBytes(count: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, count)) / 10)));
  const scaled = count / 1024 ** power;
  return `${power === 0 ? scaled.toFixed(0) : scaled.toFixed(1)} ${UNITS[power] ?? ""}`;
}

/** `0.4 s`, `12 s`, `3:05 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}
