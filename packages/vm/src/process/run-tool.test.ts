import { expect, it } from "vitest";
import { identify } from "./identity.ts";
import { runTool } from "./run-tool.ts";

const plain = (argv: readonly [string, ...string[]]) => argv;
/** Starts a process that keeps the outputs open and would outlive its parent, as bubblewrap's second one does. */
const withChild = ["sh", "-c", "sleep 60 & echo $!; wait"] as const;

it("gives what the program says and its status", async () => {
  const said = await runTool(plain, ["sh", "-c", "cat; echo err >&2; exit 3"], { input: "in" });
  expect(said).toEqual({ stdout: "in", stderr: "err\n", status: 3 });
  await expect(runTool(plain, ["/nonexistent"])).rejects.toThrow("ENOENT");
});

it("ends after its time with all that it started", async () => {
  const { stdout, status } = await runTool(plain, withChild, { timeoutMs: 300 });
  expect(status).toBeNull();
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(await identify(Number(stdout))).toBeUndefined();
});

it("fails with the signal's reason once all that it started is gone, also right after the start", async () => {
  for (const delay of [0, 50]) {
    const stop = new AbortController();
    const running = runTool(plain, withChild, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), delay);
    await expect(running).rejects.toThrow("enough");
  }
});

it("starts nothing when it was stopped before", async () => {
  await expect(runTool(plain, ["false"], { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
});
