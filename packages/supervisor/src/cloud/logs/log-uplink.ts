import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { constants, createGzip, type Gzip } from "node:zlib";
import { messageOf } from "@holdfast/contracts";
import { FOREVER_MS } from "../../apply/wake.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import type { Registered } from "../registration/registration.ts";
import { LogBuffer } from "./log-buffer.ts";

/** Times of compat 5.4, in milliseconds. */
export type UplinkTimes = {
  /** Pause before the first try after a failure, doubled with each further one. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  /** Between the head of the request and the first line: a server that refuses does so at once. */
  readonly graceMs: number;
  /** A stream without lines is closed after so long. */
  readonly idleMs: number;
  /** Lines are gathered for so long before they are pushed through the compressor. */
  readonly gatherMs: number;
  /** A connection that takes nothing for so long is dead. */
  readonly stuckMs: number;
};
const uplinkTimes: UplinkTimes = {
  firstRetryMs: 5000,
  longestRetryMs: 300_000,
  graceMs: 5000,
  idleMs: 60_000,
  gatherMs: 100,
  stuckMs: 60_000,
};

export type LogUplinkOptions = {
  readonly http: CloudHttp;
  /** `logsEndpoint` of config.json, else `apiEndpoint`. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly times?: UplinkTimes;
};

/** Of 256 KiB at the default; lines of logs repeat within a few kilobytes. */
const COMPRESSION = { level: 6, windowBits: 13, memLevel: 6 };

/**
 * Streams lines to the server: one request that never ends, gzip of JSON lines (compat 5.4). It is opened by the first
 * line, closed when none come, and opened again after a pause when it broke. What waits meanwhile is bounded.
 */
export class LogUplink {
  readonly #options: LogUplinkOptions;
  readonly #times: UplinkTimes;
  readonly buffer: LogBuffer;
  /** Lines that reached the server, since the start. */
  sent = 0;
  #failures = 0;
  #lastReason = "";
  /** The last lines written, while it is not known whether the connection was alive. */
  #unsure: readonly string[] = [];
  /** They have been written before, to a connection that broke. */
  #isSecondTry = false;

  constructor(options: LogUplinkOptions) {
    this.#options = options;
    this.#times = options.times ?? uplinkTimes;
    this.buffer = new LogBuffer(options.clock);
  }

  /** Sends what the buffer gets, until the signal fires. */
  async run(device: Registered, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await this.buffer.untilFilled(FOREVER_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#stream(device, signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#rescue();
        const reason = messageOf(error);
        if (reason !== this.#lastReason) log.warn(`Logs cannot be sent: ${reason}`);
        this.#lastReason = reason;
        await clock.sleep(this.#retryPause(), signal);
        this.#failures += 1;
      }
    }
  }

  /**
   * What is written to a dead connection is lost without a word until the answer comes back that it is dead: such lines
   * are sent again, but once only, since a server may break on them.
   */
  #rescue(): void {
    const lines = this.#unsure;
    this.#unsure = [];
    if (lines.length === 0) return;
    if (this.#isSecondTry) this.buffer.lose(lines.length);
    else this.buffer.putBack(lines);
    this.#isSecondTry = !this.#isSecondTry;
  }

  #retryPause(): number {
    return Math.min(this.#times.longestRetryMs, this.#times.firstRetryMs * 2 ** Math.min(this.#failures, 20));
  }

  /** One request; returns when it was closed for want of lines. @throws when the server or the network ended it */
  async #stream(device: Registered, signal: AbortSignal): Promise<void> {
    const { http, endpoint, clock } = this.#options;
    const over = new AbortController();
    // Waits that lose a race end with the request.
    const session = AbortSignal.any([signal, over.signal]);
    const request = http.open(
      {
        method: "POST",
        path: `/device/v2/${device.uuid}/log-stream`,
        key: device.deviceKey,
        headers: { "content-type": "application/x-ndjson", "content-encoding": "gzip" },
        signal: session,
      },
      endpoint,
    );
    const broken = whyBroken(request);
    try {
      request.flushHeaders();
      await Promise.race([clock.sleep(this.#times.graceMs, session), broken]);
      const gzip = createGzip(COMPRESSION);
      gzip.pipe(request);
      await this.#write(gzip, broken, session);
    } finally {
      over.abort();
    }
  }

  async #write(gzip: Gzip, broken: Promise<never>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const { idleMs, gatherMs, graceMs } = this.#times;
    while (!signal.aborted) {
      const lines = this.buffer.takeAll();
      if (lines.length === 0) break;
      this.#unsure = lines;
      const isTaken = gzip.write(lines.join(""));
      gzip.flush(constants.Z_SYNC_FLUSH);
      if (!isTaken) await this.#untilTaken(gzip, broken, signal);
      await Promise.race([clock.sleep(gatherMs, signal), broken]);
      await Promise.race([this.buffer.untilFilled(graceMs, signal), broken]);
      this.#unsure = [];
      this.sent += lines.length;
      this.#isSecondTry = false;
      await Promise.race([this.buffer.untilFilled(idleMs, signal), broken]);
    }
    await this.#close(gzip, broken, signal);
  }

  async #untilTaken(gzip: Gzip, broken: Promise<never>, signal: AbortSignal): Promise<void> {
    const stuck = this.#options.clock.sleep(this.#times.stuckMs, signal).then(() => {
      throw new Error("the server takes nothing");
    });
    // Whichever loses the race must not end the process.
    stuck.catch(() => undefined);
    await Promise.race([once(gzip, "drain", { signal }), broken, stuck]);
  }

  /** Ends the request in order: the server answers when it has read all. */
  async #close(gzip: Gzip, broken: Promise<never>, signal: AbortSignal): Promise<void> {
    gzip.end();
    const answered = broken.catch(() => undefined);
    await Promise.race([answered, this.#options.clock.sleep(this.#times.graceMs, signal)]);
  }
}

/** Rejects when the request cannot go on: an error, or any answer, since a server answers only to end the stream. */
function whyBroken(request: ClientRequest): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    request.once("response", (answer: IncomingMessage) => {
      answer.resume();
      reject(new Error(`Error from the API: ${answer.statusCode}`));
    });
    request.on("error", reject);
    request.once("close", () => reject(new Error("the connection was closed")));
  });
  // It is raced again and again; between the races nobody listens.
  broken.catch(() => undefined);
  return broken;
}
