/** UTC to the second, as `date --utc` and Debian's fake-hwclock read it: 2026-11-27 21:46:00. */
export const formatTimestamp = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

/** Seconds since 1970 of such a line; undefined for everything else. */
export function parseTimestamp(text: string): number | undefined {
  const [, date, time] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\s*$/.exec(text) ?? [];
  if (date === undefined || time === undefined) return undefined;
  const seconds = Date.parse(`${date}T${time}Z`) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Seconds since 1970 of an HTTP date in the form that servers send (RFC 9110, IMF-fixdate); undefined for others. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, month, year, time] =
    /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(text.trim()) ?? [];
  const at = MONTHS.indexOf(month ?? "");
  if (day === undefined || year === undefined || time === undefined || at < 0) return undefined;
  return parseTimestamp(`${year}-${String(at + 1).padStart(2, "0")}-${day} ${time}`);
}
