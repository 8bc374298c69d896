import { describe, expect, it } from "vitest";
import { Attempts } from "../cloud/attempts.ts";
import { KeyRing } from "../device/key-ring.ts";
import { Counters } from "../telemetry/counters.ts";
import { LoopDelay } from "../telemetry/loop-delay.ts";
import { prometheusText } from "../telemetry/prometheus-text.ts";
import { ApiClient } from "../testing/api-client.ts";
import { ApplyBench } from "../testing/apply-bench.ts";
import { idleParts } from "../testing/idle-parts.ts";
import { recordingLog } from "../testing/scratch.ts";
import { apiServer } from "./server.ts";
import { v3MetricsRoute } from "./v3-metrics.ts";

const LINE =
  /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.]+(?:e[+-]?\d+)?|NaN|[+-]Inf)$/;

/** Reads the text format strictly: every sample below its own HELP and TYPE, no family and no sample twice. */
function parse(text: string): Map<string, number> {
  expect(text.endsWith("\n")).toBe(true);
  const values = new Map<string, number>();
  const families = new Set<string>();
  let family = { name: "", type: "" };
  const lines = text.slice(0, -1).split("\n");
  for (const [at, line] of lines.entries()) {
    const help = /^# HELP (\S+) \S.*$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge)$/.exec(line);
    if (help !== null) expect(lines[at + 1]).toMatch(new RegExp(`^# TYPE ${help[1]} `));
    else if (type !== null) {
      family = { name: type[1] ?? "", type: type[2] ?? "" };
      expect(lines[at - 1]).toMatch(new RegExp(`^# HELP ${family.name} `));
      expect(families.has(family.name)).toBe(false);
      families.add(family.name);
      expect(family.name.endsWith("_total")).toBe(family.type === "counter");
    } else {
      const [, name, labels = "", value] = LINE.exec(line) ?? [];
      expect(name, line).toBe(family.name);
      const key = labels === "" ? name : `${name}{${labels}}`;
      expect(values.has(key ?? "")).toBe(false);
      values.set(key ?? "", Number(value));
    }
  }
  return values;
}

describe("/v3/metrics", () => {
  it("is Prometheus' text format, with the figures of device, services, server and process", async () => {
    await using bench = new ApplyBench();
    bench.want({ services: { web: {}, db: { image: "gone:1" } } });
    await bench.until(() => bench.loop.failureOf("image gone:1") !== undefined);
    const counters = new Counters();
    const pull = { do: "pull-image", image: "img:1", service: "web" } as const;
    counters.progressed(pull, 10, 1000);
    counters.progressed(pull, 20, 2500);
    counters.ended(pull);
    counters.progressed(pull, 10, 1000);
    counters.ended(pull, { message: "no" });
    counters.heard({ action: "die", containerId: "c" });
    counters.heard({ action: "rename", containerId: "c" });
    const [target, report] = [new Attempts(), new Attempts()];
    target.succeeded(1000);
    target.fail();
    const fleet = () => ({ target, report, logs: { sent: 3, lost: 2 } });
    const hardware = { read: async () => ({ memory_usage: 100, storage_total: 2000, cpu_usage: 25, cpu_temp: 40 }) };
    const parts = {
      ...idleParts().metrics,
      status: () => bench.loop.status(),
      counters,
      fleet,
      hardware,
      monotonic: () => 61_000,
    };
    await using client = await ApiClient.serve([v3MetricsRoute(parts)]);
    const answer = await client.request("GET", "/v3/metrics");
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const values = parse(await answer.text());
    expect(Object.fromEntries(values)).toMatchObject({
      'holdfast_supervisor_info{version="1.2.3",os_version="1.0"}': 1,
      holdfast_supervisor_healthy: 1,
      holdfast_target_applied: 0,
      'holdfast_services{status="Downloading"}': 1,
      'holdfast_service_running{app_id="1",service="db"}': 0,
      'holdfast_steps_total{step="pull-image",result="done"}': 1,
      'holdfast_steps_total{step="pull-image",result="failed"}': 1,
      holdfast_image_pull_bytes_total: 3500,
      'holdfast_container_events_total{event="die"}': 1,
      'holdfast_target_polls_total{result="done"}': 1,
      'holdfast_target_polls_total{result="failed"}': 1,
      holdfast_target_poll_age_seconds: 60,
      'holdfast_log_messages_total{result="dropped"}': 2,
      holdfast_memory_used_bytes: 104_857_600,
      holdfast_cpu_usage_ratio: 0.25,
      process_resident_memory_bytes: expect.any(Number),
    });
    expect(values.has("holdfast_report_age_seconds")).toBe(false);
    const other = parse(
      await (await client.request("GET", "/v3/metrics", { key: client.keys.keyFor(2, "web") })).text(),
    );
    expect([...other.keys()].filter((key) => key.includes("app_id"))).toEqual([]);
  });

  it("counts answers by route, never by what was asked for", async () => {
    const counters = new Counters();
    const route = v3MetricsRoute(idleParts().metrics);
    const server = apiServer({
      routes: [route],
      keys: new KeyRing("g".repeat(32), "s".repeat(64)),
      needsKey: () => true,
      log: recordingLog(),
      answered: counters.answered,
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    for (const path of ["/a", "/b", "/v3/metrics?x=1"]) await fetch(base + path);
    await fetch(`${base}/v3/metrics?apikey=${"g".repeat(32)}`);
    expect([...counters.requests]).toEqual([
      ["- - 401", 2],
      ["GET /v3/metrics 401", 1],
      ["GET /v3/metrics 200", 1],
    ]);
    server.close();
    server.closeAllConnections();
  });

  it("escapes what stands in labels", () => {
    const labels = { service: 'a"b\\c\nd' };
    const text = prometheusText([
      { name: "x", type: "gauge", help: "h", samples: [{ value: 1, labels }, { value: Number.POSITIVE_INFINITY }] },
    ]);
    expect(text).toBe('# HELP x h\n# TYPE x gauge\nx{service="a\\"b\\\\c\\nd"} 1\nx +Inf\n');
  });

  it("knows how late the event loop was", async () => {
    const delay = new LoopDelay();
    expect(delay.takeSeconds()).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const end = Date.now() + 400;
    while (Date.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(delay.takeSeconds()).toBeGreaterThan(0.2);
    delay.stop();
  });
});
