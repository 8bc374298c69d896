import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testDevice, testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog, scratchDirectory } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import type { DeviceReport } from "./device-report.ts";
import { ReportCache } from "./report-cache.ts";
import { StateReporter } from "./state-reporter.ts";

/** Looks so often, with one report after the other (the last one stays); returns what the server was told, and when. */
async function report(reports: readonly DeviceReport[], looks: number, answer: Answering = () => "OK", known?: string) {
  await using scratch = await scratchDirectory();
  await using server = await LoopbackServer.start(answer);
  const path = join(scratch.path, "state-report-cache");
  if (known !== undefined) await writeFile(path, known.replace("SERVER", server.url));
  const clock = testClock();
  const stop = new AbortController();
  const times: number[] = [];
  const pauses: number[] = [];
  const log = recordingLog();
  let looked = 0;
  const reporter = new StateReporter({
    http: testHttp(server.url),
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      sleep: async (ms, signal) => {
        pauses.push(ms);
        if (looked >= looks) stop.abort();
        await clock.sleep(ms, signal);
      },
    },
    log,
    compose: async () => {
      times.push(clock.passed());
      return reports[Math.min(looked++, reports.length - 1)] ?? {};
    },
    cache: new ReportCache(scratch.path, { endpoint: server.url, uuid: testDevice.uuid }),
    limitMs: () => 900_000,
  });
  await reporter.run(testDevice, stop.signal);
  const told = server.asked.map(({ body }) => (JSON.parse(body) as Record<string, unknown>)[testDevice.uuid]);
  const mode = await stat(path).then(
    (file) => file.mode & 0o777,
    () => undefined,
  );
  const cached = await new ReportCache(scratch.path, { endpoint: server.url, uuid: testDevice.uuid }).read();
  return { told, asked: server.asked, pauses, log, cached, mode };
}

const idle: DeviceReport = { status: "Idle", api_port: 48_484, cpu_usage: 1 };

describe("reporting", () => {
  it("tells all first, then what changed, then nothing", async () => {
    const seen = await report([idle, { ...idle, status: "Updating" }, { ...idle, status: "Updating" }], 5);
    expect(seen.told).toEqual([idle, { status: "Updating" }]);
    expect(seen.asked[0]).toMatchObject({
      method: "PATCH",
      path: "/device/v3/state",
      headers: { authorization: "Bearer device-key" },
    });
    expect(new Set(seen.pauses)).toEqual(new Set([10_000]));
    expect(seen.cached).toEqual({ ...idle, status: "Updating" });
    expect(seen.mode).toBe(0o600);
  });

  it("holds figures back for five minutes, unless there is something else to tell", async () => {
    const hot = { ...idle, cpu_usage: 90 };
    const seen = await report([idle, hot], 32);
    expect(seen.told).toEqual([idle, { cpu_usage: 90 }]);
    const busy = await report([idle, hot, { ...hot, status: "Updating" }], 4);
    expect(busy.told).toEqual([idle, { status: "Updating", cpu_usage: 90 }]);
  });

  it("backs off and then tells what came together, and waits when the server asks for it", async () => {
    let asked = 0;
    const answer: Answering = (_, response) => {
      asked += 1;
      if (asked === 2) return response.writeHead(401).end("Unauthorized");
      if (asked === 3) return response.writeHead(503, { "retry-after": "100" }).end();
      return "OK";
    };
    const seen = await report([idle, { ...idle, status: "a" }, { ...idle, status: "b" }], 4, answer);
    expect(seen.told).toEqual([idle, { status: "a" }, { status: "b" }, { status: "b" }]);
    expect(seen.pauses).toEqual([10_000, 15_000, 100_000, 10_000]);
  });

  it("does not repeat over a restart what the server knows, but for another server or a broken cache", async () => {
    const cache = (endpoint: string) =>
      JSON.stringify({ version: 1, endpoint, uuid: testDevice.uuid, report: { ...idle, status: "old" } });
    expect((await report([idle], 2, undefined, cache("SERVER"))).told).toEqual([{ status: "Idle" }]);
    expect((await report([idle], 2, undefined, cache("http://other"))).told).toEqual([idle]);
    expect((await report([idle], 2, undefined, "{")).told).toEqual([idle]);
  });
});
