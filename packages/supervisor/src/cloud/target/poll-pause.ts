/** Devices that were switched on together must not ask together (compat 5.2). */
const JITTER_MS = 60_000;
/** Of short intervals the jitter is this part, so that it does not swallow them. */
const JITTER_PART = 15;
const FIRST_RETRY_MS = 15_000;
/** Beyond this, doubling changes nothing any more. */
const MAX_DOUBLINGS = 30;

/** Pause until the next poll, in milliseconds. Pure. */
export function pollPause(intervalMs: number, random: number): number {
  return intervalMs + Math.floor(random * Math.min(JITTER_MS, intervalMs / JITTER_PART));
}

/** Pause after the n-th failure in a row (from 1): doubled each time up to the limit, or what the server asks for. Pure. */
export function retryPause(failures: number, limitMs: number, retryAfterMs = 0): number {
  const doubled = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, MAX_DOUBLINGS);
  return Math.max(Math.min(limitMs, doubled), retryAfterMs);
}
