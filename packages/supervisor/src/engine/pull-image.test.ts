import { expect, it } from "vitest";
import { advance } from "./pull-image.ts";

it("counts a layer as downloaded before it is unpacked, and never goes back", () => {
  const layers = new Map<string, number>();
  const detail = (current: number) => ({ progressDetail: { current, total: 100 } });
  expect(advance(layers, { status: "Pulling from x", id: "latest" })).toBe(0);
  advance(layers, { id: "a", status: "Pulling fs layer" });
  advance(layers, { id: "b", status: "Already exists" });
  expect(advance(layers, { id: "a", status: "Waiting" })).toBe(50);
  expect(advance(layers, { id: "a", status: "Downloading", ...detail(50) })).toBe(67);
  expect(advance(layers, { id: "a", status: "Download complete" })).toBe(85);
  expect(advance(layers, { id: "a", status: "Downloading", ...detail(1) })).toBe(85);
  expect(advance(layers, { id: "a", status: "Extracting", ...detail(50) })).toBe(92);
  expect(advance(layers, { id: "a", status: "Pull complete" })).toBe(100);
});
