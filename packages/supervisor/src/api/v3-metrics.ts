import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { CloudActivity } from "../cloud/cloud.ts";
import type { MetricsReader } from "../cloud/report/metrics.ts";
import type { Counters } from "../telemetry/counters.ts";
import {
  counterFamilies,
  fleetFamilies,
  hardwareFamilies,
  processFamilies,
  serviceFamilies,
} from "../telemetry/device-families.ts";
import { LoopDelay } from "../telemetry/loop-delay.ts";
import { type Family, prometheusText } from "../telemetry/prometheus-text.ts";
import { covers } from "./auth.ts";
import type { Route } from "./router.ts";

/** What the figures are made of. */
export type MetricsParts = {
  readonly version: string;
  readonly osVersion: () => string;
  readonly isHealthy: () => boolean;
  readonly status: () => ApplyStatus;
  readonly counters: Counters;
  readonly fleet: () => CloudActivity | undefined;
  readonly hardware: Pick<MetricsReader, "read">;
  /** Milliseconds of a clock that is never set. */
  readonly monotonic: () => number;
};

/** `GET /v3/metrics`: figures for Prometheus, in its text format. */
export function v3MetricsRoute(parts: MetricsParts): Route {
  const loopDelay = new LoopDelay();
  return {
    method: "GET",
    path: "/v3/metrics",
    answer: async ({ scope }) => {
      const families = [
        ...ownFamilies(parts),
        ...serviceFamilies(parts.status(), (appId) => covers(scope, appId)),
        ...counterFamilies(parts.counters),
        ...fleetFamilies(parts.fleet(), parts.monotonic()),
        ...hardwareFamilies(await parts.hardware.read()),
        ...processFamilies(loopDelay.takeSeconds()),
      ];
      const contentType = "text/plain; version=0.0.4; charset=utf-8";
      return { status: 200, text: prometheusText(families), contentType };
    },
  };
}

function ownFamilies({ version, osVersion, isHealthy }: MetricsParts): Family[] {
  const labels = { version, os_version: osVersion() };
  return [
    { name: "holdfast_supervisor_info", type: "gauge", help: "Versions", samples: [{ value: 1, labels }] },
    {
      name: "holdfast_supervisor_healthy",
      type: "gauge",
      help: "1 when it looks after the device in time, as /v1/healthy says",
      samples: [{ value: isHealthy() ? 1 : 0 }],
    },
  ];
}
