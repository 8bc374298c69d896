import { expect, it } from "vitest";
import { ProgramFailed, run } from "./run.ts";

it("gives what the program says, and fails with its status and last words", async () => {
  expect(await run(["sh", "-c", "echo out; echo err >&2"])).toEqual({ stdout: "out\n", stderr: "err\n" });
  const failure = await run(["sh", "-c", "echo why >&2; exit 3"]).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(ProgramFailed);
  expect(failure).toMatchObject({ status: 3, message: "sh ended with status 3: why" });
});

it("fails with the signal's reason once all that the program started is gone", async () => {
  const stop = new AbortController();
  let child = 0;
  // The inner process would go on when only the outer one is killed.
  const running = run(["sh", "-c", "sleep 60 & echo $! >&2; wait"], {
    signal: stop.signal,
    onErrorLine: (line) => {
      child = Number(line);
      stop.abort(new Error("enough"));
    },
  });
  await expect(running).rejects.toThrow("enough");
  expect(child).toBeGreaterThan(0);
  expect(() => process.kill(child, 0)).toThrow("ESRCH");
});

it("starts nothing when it was stopped before", async () => {
  await expect(run(["false"], { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
});
