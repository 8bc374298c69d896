import { messageOf } from "@holdfast/contracts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Attempts } from "../attempts.ts";
import type { CloudHttp } from "../http/cloud-http.ts";
import { serverRefusal } from "../http/server-refusal.ts";
import type { Registered } from "../registration/registration.ts";
import { retryPause } from "../target/poll-pause.ts";
import type { DeviceReport } from "./device-report.ts";
import type { ReportCache } from "./report-cache.ts";
import { isMetricsOnly, reportDiff } from "./report-diff.ts";

/** Least pause between two reports (compat 5.3), and how often it is looked whether there is something to tell. */
const GAP_MS = 10_000;
/** Reports of figures alone are no more frequent than this. */
const METRICS_GAP_MS = 300_000;

export type StateReporterOptions = {
  readonly http: CloudHttp;
  readonly clock: Clock;
  readonly log: Log;
  /** The whole report as of now. */
  readonly compose: () => Promise<DeviceReport>;
  readonly cache: Pick<ReportCache, "read" | "write">;
  readonly attempts?: Attempts;
  /** Longest pause after failures, in milliseconds. */
  readonly limitMs: () => number;
};

/** Tells the server what changed on the device (compat 5.3). What it could not be told is in the next report. */
export class StateReporter {
  readonly #options: StateReporterOptions;
  #told: DeviceReport = {};
  #metricsAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #lastReason = "";

  constructor(options: StateReporterOptions) {
    this.#options = options;
  }

  /** Reports until the signal fires. */
  async run(device: Registered, signal: AbortSignal): Promise<void> {
    const { cache, clock } = this.#options;
    this.#told = await cache.read();
    while (!signal.aborted) {
      await clock.sleep(await this.#round(device, signal), signal);
    }
  }

  /** Looks and, if need be, tells; returns the pause until the next look. */
  async #round(device: Registered, signal: AbortSignal): Promise<number> {
    const { compose, cache, limitMs } = this.#options;
    let retryAfterMs: number | undefined;
    try {
      const now = await compose();
      const diff = reportDiff(this.#told, now);
      if (!this.#isDue(diff)) return GAP_MS;
      const ask = { method: "PATCH", path: "/device/v3/state", key: device.deviceKey, signal } as const;
      const answer = await this.#options.http.ask({ ...ask, body: { [device.uuid]: diff } });
      retryAfterMs = answer.retryAfterMs;
      if (answer.status < 200 || answer.status > 299) throw serverRefusal("The state report was not taken", answer);
      this.#options.attempts?.succeeded(this.#options.clock.monotonic());
      this.#metricsAt = this.#options.clock.now();
      this.#told = { ...this.#told, ...diff };
      this.#failures = 0;
      this.#lastReason = "";
      await cache.write(this.#told).catch((error: unknown) => {
        this.#options.log.warn(`The report's cache cannot be written: ${messageOf(error)}`);
      });
      return GAP_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      this.#failures += 1;
      this.#options.attempts?.fail();
      if (messageOf(error) !== this.#lastReason) this.#options.log.warn(messageOf(error));
      this.#lastReason = messageOf(error);
      return retryPause(this.#failures, limitMs(), retryAfterMs);
    }
  }

  #isDue(diff: DeviceReport): boolean {
    if (Object.keys(diff).length === 0) return false;
    return !isMetricsOnly(diff) || this.#options.clock.now() - this.#metricsAt >= METRICS_GAP_MS;
  }
}
