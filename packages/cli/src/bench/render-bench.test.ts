import { expect, it } from "vitest";
import { renderBench } from "./render-bench.ts";

it("shows each metric beside the peers with the ratio, the aims and what was not measured", () => {
  const text = renderBench({
    name: "image",
    machine: { cpu: "Test CPU", cores: 2, memoryBytes: 1, kernel: "6.12", loadAverage: 0.5 },
    rows: [{ case: "generic-amd64", metric: "cold-wall", unit: "s", ours: 20, peers: { mkosi: 120 } }],
    aims: [{ aim: "cold-wall a fifth of mkosi's", value: 20, limit: 24, holds: true }],
    missing: { yocto: "not installed" },
  });
  expect(text).toContain("generic-amd64  cold-wall  s       20    120  0.17 x");
  expect(text).toContain("holds  cold-wall a fifth of mkosi's  20  limit 24");
  expect(text).toContain("yocto was not measured: not installed");
});
