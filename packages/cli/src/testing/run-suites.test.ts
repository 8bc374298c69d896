import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentProgress } from "@holdfast/contracts";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runSuites } from "./run-suites.ts";
import type { Suite } from "./suite.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-suites-"));
});
afterEach(() => rm(directory, { recursive: true }));

const script = (name: string, code: string, extra: Partial<Suite> = {}): Suite => ({
  name,
  argv: [process.execPath, "-e", code],
  outcome: "status",
  timeoutMs: 10_000,
  ...extra,
});
/** A killed process may remain as a zombie until its new parent reaps it; that counts as gone. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const runAll = (suites: Suite[], signal = new AbortController().signal) =>
  runSuites(suites, 2, {
    root: directory,
    logDirectory: directory,
    env: process.env,
    progress: silentProgress,
    signal,
  });

it("counts each check once, in order, and shows the last lines of one that fails", async () => {
  const results = await runAll([script("good", ""), script("bad", "console.error('because'); process.exit(3)")]);
  expect(results.map((result) => [result.name, result.passed, result.failures.length])).toEqual([
    ["good", 1, 0],
    ["bad", 0, 1],
  ]);
  expect(results[1]?.failures[0]?.message).toContain("because");
});

it("stops a suite at its limit, with the processes it started", async () => {
  const child = "require('child_process').spawn('sleep', ['60'], {stdio: 'ignore'})";
  const code = `const c = ${child}; console.log(c.pid); setInterval(() => {}, 1000)`;
  const [result] = await runAll([script("slow", code, { timeoutMs: 700 })]);
  expect(result?.failures[0]?.message).toContain("its limit");
  const grandchild = Number(await readFile(result?.logFile ?? "", "utf8"));
  expect(grandchild).toBeGreaterThan(1);
  await vi.waitFor(() => expect(isRunning(grandchild)).toBe(false));
});

it("ends what left the suite's process group, as virtual devices do", async () => {
  const code = `const c = require('child_process').spawn('sleep', ['60'], {stdio: 'ignore', detached: true});
    c.unref(); console.log(c.pid)`;
  const [result] = await runAll([script("leaves", code)]);
  const left = Number(await readFile(result?.logFile ?? "", "utf8"));
  expect(left).toBeGreaterThan(1);
  expect(isRunning(left)).toBe(false);
});

it("fails a suite whose program does not exist, and says so", async () => {
  const [result] = await runAll([{ ...script("none", ""), argv: ["/nonexistent/program"] }]);
  expect(result?.failures[0]?.message).toContain("could not be started");
});

it("fails a vitest suite that left no report", async () => {
  const [result] = await runAll([script("crash", "process.exit(0)", { outcome: "vitest" })]);
  expect(result?.failures[0]?.message).toContain("no readable report");
});

it("stops at once when interrupted", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("interrupted")), 200);
  await expect(runAll([script("long", "setInterval(() => {}, 1000)")], controller.signal)).rejects.toThrow(
    "interrupted",
  );
});
