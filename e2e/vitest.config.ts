import { defineConfig } from "vitest/config";

// End-to-end suites boot real images. `holdfast test` starts each file by itself and limits its time (e2e/suites.json);
// the limits here only catch a single hanging step.
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["e2e/*.e2e.test.ts"],
    environment: "node",
    testTimeout: 600_000,
    hookTimeout: 1_200_000,
    fileParallelism: false,
    maxConcurrency: 1,
  },
});
