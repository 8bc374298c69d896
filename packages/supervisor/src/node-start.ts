/** How Node runs the supervisor: in its image, in suites and in the benchmark alike. docs/supervisor-memory.md has the reasons. */
export type NodeStart = {
  readonly environment: Readonly<Record<string, string>>;
  /** Before the name of the program. */
  readonly flags: readonly string[];
};

export const nodeStart: NodeStart = {
  environment: { NODE_ENV: "production", UV_THREADPOOL_SIZE: "2", MALLOC_ARENA_MAX: "1" },
  // A small young generation and one helper thread keep idle memory low; a leak ends as a restart within the limit.
  flags: ["--max-semi-space-size=1", "--max-old-space-size=64", "--v8-pool-size=1"],
};
