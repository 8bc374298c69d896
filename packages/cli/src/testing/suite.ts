/** A program whose run is a test: one static check, the unit suite, one end-to-end file, one benchmark. */
export type Suite = {
  /** `static/tsc`, `unit`, `e2e/boot`, `bench/image`. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** How its outcome is read: by exit status, from vitest's JSON report, or from a bench's JSON on standard output. */
  readonly outcome: "status" | "vitest" | "bench";
  readonly timeoutMs: number;
};

/** One test that failed, as it is shown. */
export type Failure = { readonly test: string; readonly message: string };

export type SuiteResult = {
  readonly name: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly elapsedMs: number;
  /** Names and times of single tests, for the table of slow ones. */
  readonly tests: readonly { readonly name: string; readonly elapsedMs: number }[];
  readonly logFile: string;
};
