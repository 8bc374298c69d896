import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that does not answer within so long after its start never will. */
const START_PATIENCE_MS = 60_000;
const RETRY_MS = 2;

/** Asks once, and returns how many milliseconds it took until the whole answer was there. @throws when there is none */
function ping(port: number, agent: Agent | false): Promise<number> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, path: "/ping", agent }, (answer) => {
      answer.resume();
      answer.once("end", () => resolve(performance.now() - from));
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}

/** Milliseconds of `count` answers, one after the other on one connection. */
export async function pingTimes(port: number, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  while (times.length < count) times.push(await ping(port, agent));
  agent.destroy();
  return times;
}

/** Starts a server and returns how many milliseconds later it first answered. */
export async function startToPing(port: number, start: () => void): Promise<number> {
  const from = performance.now();
  start();
  while (performance.now() - from < START_PATIENCE_MS) {
    try {
      await ping(port, false);
      return performance.now() - from;
    } catch {
      await sleep(RETRY_MS);
    }
  }
  throw new Error(`nothing answered on port ${port} within a minute`);
}

/** The value that a share of all values does not exceed: 0.5 for the median. Pure. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
