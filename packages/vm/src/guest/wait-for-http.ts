import { type Millis, minutes } from "@holdfast/contracts";
import type { Vm } from "../record.ts";
import { hostPort } from "./ssh.ts";
import { waitUntil } from "./wait-until.ts";

export type HttpWait = {
  readonly timeout?: Millis;
  readonly signal?: AbortSignal;
  /** Which answer is waited for; by default any with a status of 200 to 299. */
  readonly accept?: (response: Response) => boolean | Promise<boolean>;
};

const DEFAULT_TIMEOUT = minutes(5);
const ATTEMPT_MS = 15_000;

/**
 * Waits for an HTTP answer on a forwarded port, named as in the specification, and returns it.
 * `accept` may read a clone of the answer.
 * @throws HoldfastError `vm.boot-failed` with the console's last lines.
 */
export function waitForHttp(vm: Vm, port: string, path: string, options: HttpWait = {}): Promise<Response> {
  const address = `http://127.0.0.1:${hostPort(vm, port)}${path}`;
  const accept = options.accept ?? ((response: Response) => response.ok);
  let last = "no answer";
  return waitUntil(vm, {
    get what() {
      return `answer at ${address} as expected (last: ${last})`;
    },
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    signal: options.signal,
    pollMs: 500,
    attempt: async (limit) => {
      try {
        const response = await fetch(address, { signal: AbortSignal.any([limit, AbortSignal.timeout(ATTEMPT_MS)]) });
        last = `status ${response.status}`;
        if (await accept(response.clone())) return response;
        await response.body?.cancel();
      } catch (error) {
        // Refused, reset or too slow: not up yet. Anything that `accept` throws is the caller's bug.
        if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      }
      return undefined;
    },
  });
}
