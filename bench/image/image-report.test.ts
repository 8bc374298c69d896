import { expect, it } from "vitest";
import type { BuilderFigures, OurFigures } from "./figures.ts";
import { imageAims, imageRows } from "./image-report.ts";

const mkosi: BuilderFigures = {
  cold: { wall: 100, cpu: 90 },
  rebuild: { wall: 40, cpu: 20 },
  sizes: { slot: 500e6, initrd: 57e6, uki: 90e6, image: 850e6 },
};
const ours: OurFigures = {
  cold: { wall: 20, cpu: 18.1 },
  rebuild: { wall: 8.1, cpu: 4 },
  sizes: { slot: 480e6, initrd: 12e6, uki: 25e6, image: 500e6 },
  supervisorArchive: { wall: 60, cpu: 70, bytes: 32e6 },
  compressed: [
    { case: "compressed", wall: 9, cpu: 10, sizes: { slot: 231e6, initrd: 11e6, uki: 24.1e6, image: 0 } },
    { case: "compressed-zstd", wall: 20, cpu: 27, sizes: { slot: 180e6, initrd: 11e6, uki: 24.1e6, image: 0 } },
  ],
};

it("puts each figure beside mkosi's, and alone what mkosi does not make", () => {
  const rows = imageRows(ours, mkosi);
  expect(rows.slice(0, 8).map(({ metric, peers }) => [metric, peers["mkosi"]])).toEqual([
    ["cold-wall", 100],
    ["cold-cpu", 90],
    ["rebuild-wall", 40],
    ["rebuild-cpu", 20],
    ["slot-bytes", 500e6],
    ["initrd-bytes", 57e6],
    ["uki-bytes", 90e6],
    ["image-bytes", 850e6],
  ]);
  expect(rows.find((row) => row.case === "compressed" && row.metric === "slot-bytes")).toMatchObject({
    ours: 231e6,
    peers: {},
  });
});

it("holds an aim that is just met and misses one that is just exceeded", () => {
  expect(imageAims(ours, mkosi).map(({ holds }) => holds)).toEqual([true, false, false, true, true, false, false]);
});

it("has no aims of time without a peer, and says nothing of it in the rows", () => {
  expect(imageAims(ours, undefined).map(({ aim }) => aim)).toEqual([
    "initrd of a release: 11 MB",
    "UKI of a release: 24 MB",
    "compressed slot: 230 MB",
  ]);
  expect(imageRows(ours, undefined).every(({ peers }) => Object.keys(peers).length === 0)).toBe(true);
});
