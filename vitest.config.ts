import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// The unit suite: everything beside its source. End-to-end suites live in e2e/ and have a configuration of their own.
export default defineConfig({
  test: {
    setupFiles: ["./vitest.setup.ts"],
    include: ["packages/*/src/**/*.test.ts", "os/**/*.test.ts", "bench/**/*.test.ts"],
    environment: "node",
    // A worker for each file costs more than the tests: what they share is imported once. No test changes what is global.
    isolate: false,
    // Many tests wait, for a server that hangs or a process that ends: more workers than cores, so that others go on meanwhile.
    maxWorkers: Math.max(4, availableParallelism()),
    testTimeout: 20_000,
  },
});
