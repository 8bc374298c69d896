import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseTimes, timedRun } from "./timed-run.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (script: string, signal = new AbortController().signal) =>
  timedRun({
    argv: ["bash", "-c", script],
    logFile: join(folder, "log"),
    timeFile: join(folder, "time"),
    signal,
  });

it("counts the CPU time of grandchildren, and gives what the program printed", async () => {
  const { cost, stdout } = await run("bash -c 'for ((i = 0; i < 200000; i++)); do :; done'; echo done; echo noise >&2");
  expect(stdout).toBe("done\n");
  expect(cost.cpu).toBeGreaterThan(0.02);
});

it("fails with the end of the log", async () => {
  await expect(run("echo no space left >&2; exit 3")).rejects.toThrow(/status 3: no space left/);
});

it("ends the program and what it started when it is interrupted", async () => {
  const controller = new AbortController();
  const started = run("sleep 60; true", controller.signal);
  setTimeout(() => controller.abort(new Error("interrupted")), 100);
  await expect(started).rejects.toThrow("interrupted");
});

it("reads nothing but three numbers", () => {
  expect(parseTimes("12.500 10.250 2.000\n")).toEqual({ wall: 12.5, cpu: 12.25 });
  expect(() => parseTimes("")).toThrow(/time wrote/);
});
