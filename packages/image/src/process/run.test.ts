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

it("writes blocks one after the other, so that one buffer can serve for all", async () => {
  const buffer = Buffer.alloc(300_000);
  const blocks = function* () {
    for (let round = 0; round < 5; round++) yield buffer.fill(97 + round);
  };
  const { stdout } = await run(["sh", "-c", "sleep 0.1; cat"], { inputBlocks: blocks() });
  expect(stdout.replaceAll(/(.)\1*/g, "$1")).toBe("abcde");
  expect(stdout).toHaveLength(5 * buffer.length);
});

it("fails as its blocks do, once the program is gone, and bears one that takes no more", async () => {
  const broken = function* () {
    yield Buffer.from("a");
    throw new Error("ended too early");
  };
  await expect(run(["sh", "-c", "cat; sleep 60"], { inputBlocks: broken() })).rejects.toThrow("ended too early");
  const endless = function* () {
    for (;;) yield Buffer.alloc(100_000);
  };
  expect((await run(["head", "-c", "1"], { inputBlocks: endless() })).stdout).toHaveLength(1);
  await expect(run(["sh", "-c", "exit 4"], { inputBlocks: endless() })).rejects.toThrow("status 4");
});
