import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How Node starts the supervisor: in its image, in suites and in the benchmark alike. Reasons: docs/supervisor-memory.md. */
export type NodeStart = {
  readonly environment: Readonly<Record<string, string>>;
  /** Before the name of the program. */
  readonly flags: readonly string[];
};

/** `dataDir`: the supervisor's own directory, which outlives its container. */
export const nodeStart = (dataDir: string): NodeStart => ({
  environment: {
    NODE_ENV: "production",
    NODE_COMPILE_CACHE: join(dataDir, "compile-cache"),
    UV_THREADPOOL_SIZE: "2",
    MALLOC_ARENA_MAX: "1",
    // What is freed goes back to the system: of the top of the heap from so many bytes on, of large blocks always.
    MALLOC_TRIM_THRESHOLD_: "65536",
    MALLOC_MMAP_THRESHOLD_: "32768",
  },
  // A small young generation and one helper thread keep memory low; a leak ends as a restart within the limit.
  flags: ["--max-semi-space-size=1", "--max-old-space-size=64", "--v8-pool-size=1"],
});

/**
 * The supervisor waits far more than it computes: machine code would take memory for seconds that nobody misses. Not among
 * the flags above, because V8 refuses code that was compiled ahead under other flags, and that is all of Node's own.
 */
const LATER_FLAGS = ["--no-opt", "--no-maglev", "--no-sparkplug", "--optimize-for-size", "--expose-gc"];

type Collect = (how: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/**
 * To be called when all modules are loaded: sets the flags of the rest of the run.
 * @returns what collects all garbage, and gives empty pages and unused bytecode back, as V8 does at the end of its memory
 */
export function settleNode(): () => void {
  // What is compiled by now is kept for the next start, also when no order ends this process.
  flushCompileCache();
  for (const flag of LATER_FLAGS) setFlagsFromString(flag);
  let collect: Collect | undefined;
  return () => {
    // Only contexts made since then have it; the start does not wait for one.
    collect ??= runInNewContext("gc") as Collect;
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
  };
}
