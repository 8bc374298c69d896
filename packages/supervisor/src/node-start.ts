/** How Node runs the supervisor: in its image, in suites and in the benchmark alike. docs/supervisor-memory.md has the reasons. */
export type NodeStart = {
  readonly environment: Readonly<Record<string, string>>;
  /** Before the name of the program. */
  readonly flags: readonly string[];
};

export const nodeStart: NodeStart = {
  environment: {
    NODE_ENV: "production",
    UV_THREADPOOL_SIZE: "2",
    MALLOC_ARENA_MAX: "1",
    // What is freed goes back to the system: of the top of the heap from so many bytes on, of large blocks always.
    MALLOC_TRIM_THRESHOLD_: "65536",
    MALLOC_MMAP_THRESHOLD_: "32768",
  },
  flags: [
    // A small young generation and one helper thread keep memory low; a leak ends as a restart within the limit.
    ...["--max-semi-space-size=1", "--max-old-space-size=64", "--v8-pool-size=1"],
    // The supervisor waits far more than it computes: machine code would take memory for seconds that nobody misses.
    ...["--no-opt", "--no-maglev", "--no-sparkplug", "--optimize-for-size"],
    // For idle-collection.ts.
    "--expose-gc",
  ],
};
