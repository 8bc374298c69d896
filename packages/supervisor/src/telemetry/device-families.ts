import type { ApplyStatus } from "../apply/apply-loop.ts";
import type { CloudActivity } from "../cloud/cloud.ts";
import type { Metrics } from "../cloud/report/metrics.ts";
import { serviceViews } from "../status/status.ts";
import type { Counters } from "./counters.ts";
import type { Family, Sample } from "./prometheus-text.ts";

const MIB = 1024 * 1024;

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: "gauge",
  help,
  samples,
});
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  type: "counter",
  help,
  samples,
});
const one = (value: number | undefined): Sample[] => (value === undefined ? [] : [{ value }]);

/** The services that a key may know of, and whether all is as the target says. Pure. */
export function serviceFamilies(status: ApplyStatus, isCovered: (appId: number) => boolean): Family[] {
  const byStatus = new Map<string, number>();
  const running: Sample[] = [];
  for (const app of status.desired?.apps ?? []) {
    if (!isCovered(app.id)) continue;
    for (const [service, { status: word }] of Object.entries(serviceViews(app, status))) {
      byStatus.set(word, (byStatus.get(word) ?? 0) + 1);
      running.push({ value: word === "Running" ? 1 : 0, labels: { app_id: String(app.id), service } });
    }
  }
  const unhealthy = status.current?.containers.filter(
    ({ appId, health }) => health === "unhealthy" && isCovered(appId),
  );
  const words = [...byStatus].map(([word, value]) => ({ value, labels: { status: word } }));
  return [
    gauge("holdfast_target_applied", "1 when all is as the target says", one(status.isApplied ? 1 : 0)),
    gauge("holdfast_services", "Services of the target by status", words),
    gauge("holdfast_service_running", "1 when the service runs", running),
    gauge("holdfast_services_unhealthy", "Containers whose healthcheck fails", one(unhealthy?.length)),
  ];
}

/** What was done since the start. Pure. */
export function counterFamilies({ steps, requests, containers, pulledBytes }: Counters): Family[] {
  const samples = (counts: ReadonlyMap<string, number>, names: readonly string[]): Sample[] =>
    [...counts].map(([key, value]) => {
      const words = key.split(" ");
      return { value, labels: Object.fromEntries(names.map((name, at) => [name, words[at] ?? ""])) };
    });
  return [
    counter(
      "holdfast_steps_total",
      "Steps carried out on the engine, by kind and result",
      samples(steps, ["step", "result"]),
    ),
    counter("holdfast_image_pull_bytes_total", "Bytes of images that were downloaded", one(pulledBytes)),
    counter(
      "holdfast_container_events_total",
      "Starts and ends of containers, kills for want of memory, restarts because a healthcheck failed",
      samples(containers, ["event"]),
    ),
    counter(
      "holdfast_api_requests_total",
      "Answers of the device API",
      samples(requests, ["method", "route", "status"]),
    ),
  ];
}

/** What was done with the fleet server; nothing on an unmanaged device. Pure. */
export function fleetFamilies(activity: CloudActivity | undefined, now: number): Family[] {
  if (activity === undefined) return [];
  const { target, report, logs } = activity;
  const results = ({ good, failed }: { readonly good: number; readonly failed: number }): Sample[] => [
    { value: good, labels: { result: "done" } },
    { value: failed, labels: { result: "failed" } },
  ];
  return [
    counter("holdfast_target_polls_total", "Requests for the target state", results(target)),
    gauge("holdfast_target_poll_age_seconds", "Time since the last good one", one(target.ageSeconds(now))),
    counter("holdfast_reports_total", "Reports of the state", results(report)),
    gauge("holdfast_report_age_seconds", "Time since the last good one", one(report.ageSeconds(now))),
    counter("holdfast_log_messages_total", "Lines of services for the server", [
      { value: logs.sent, labels: { result: "sent" } },
      { value: logs.lost, labels: { result: "dropped" } },
    ]),
  ];
}

/** Figures of the hardware; what it does not tell is left out. Pure. */
export function hardwareFamilies(metrics: Metrics): Family[] {
  const bytes = (mib: number | undefined): Sample[] => one(mib === undefined ? undefined : mib * MIB);
  const ratio = metrics.cpu_usage === undefined ? undefined : metrics.cpu_usage / 100;
  return [
    gauge(
      "holdfast_memory_used_bytes",
      "Memory of the device that is neither free nor cache",
      bytes(metrics.memory_usage),
    ),
    gauge("holdfast_memory_total_bytes", "Memory of the device", bytes(metrics.memory_total)),
    gauge("holdfast_storage_used_bytes", "Used of the data partition", bytes(metrics.storage_usage)),
    gauge("holdfast_storage_total_bytes", "Size of the data partition", bytes(metrics.storage_total)),
    gauge("holdfast_cpu_usage_ratio", "Part of the processors in use since the last scrape", one(ratio)),
    gauge("holdfast_cpu_temperature_celsius", "The hottest sensor", one(metrics.cpu_temp)),
  ];
}

/** The supervisor's own process. */
export function processFamilies(loopDelaySeconds: number | undefined): Family[] {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    gauge("process_resident_memory_bytes", "Memory of the supervisor", one(rss)),
    gauge("nodejs_heap_size_used_bytes", "Used of its heap", one(heapUsed)),
    gauge("nodejs_heap_size_total_bytes", "Its heap", one(heapTotal)),
    gauge("nodejs_external_memory_bytes", "Its memory besides the heap", one(external)),
    counter("process_cpu_seconds_total", "Its time on the processor", one((user + system) / 1e6)),
    gauge("holdfast_supervisor_uptime_seconds", "Time since it was started", one(process.uptime())),
    gauge("nodejs_eventloop_lag_max_seconds", "Its longest pause since the last scrape", one(loopDelaySeconds)),
  ];
}
