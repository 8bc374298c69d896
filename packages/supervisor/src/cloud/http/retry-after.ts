/** A typing error in a server must not silence a device for a year. */
const LONGEST_MS = 3_600_000;

/**
 * How long an answer asks to wait, in milliseconds: seconds or a date (RFC 9110, 10.2.3), at most an hour. Undefined when
 * it says nothing that can be understood.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (text === "") return undefined;
  const isDate = /^[a-z]{3,9}, /i.test(text);
  const ms = isDate ? Date.parse(text) - now : /^\d+$/.test(text) ? Number(text) * 1000 : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_MS);
}
