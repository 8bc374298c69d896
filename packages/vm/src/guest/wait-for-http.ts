import { type Millis, minutes } from "@holdfast/contracts";
import type { Vm } from "../record.ts";
import { hostPort } from "./ssh.ts";
import { deadline, waitUntil } from "./wait-until.ts";

export type HttpWait = {
  readonly timeout?: Millis;
  readonly signal?: AbortSignal;
  /** Which answer is waited for; by default any with a status of 200 to 299. It gets a copy, which it may read. */
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
      using attempt = deadline(ATTEMPT_MS, limit);
      const answer = await receive(address, attempt.signal);
      if (answer === undefined) return undefined;
      last = `status ${answer.status}`;
      return (await accept(answer.clone())) ? answer : undefined;
    },
  });
}

/** The whole answer, so that nothing of it is still under way when the next attempt begins. Undefined: refused, cut off or too slow. */
async function receive(address: string, signal: AbortSignal): Promise<Response | undefined> {
  try {
    const response = await fetch(address, { signal });
    const body = response.body === null ? null : await response.arrayBuffer();
    return new Response(body, { status: response.status, headers: response.headers });
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return undefined;
    throw error;
  }
}
