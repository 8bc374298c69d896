import type { BenchAim, BenchRow } from "@holdfast/cli";
import type { BuilderFigures, OurFigures } from "./figures.ts";

const CASE = "generic-amd64";
/** What releases carry and the aims of size are about. */
export const RELEASE_CASE = "compressed";
/** Each time may be this part of mkosi's. */
const TIME_SHARE = 0.2;
const INITRD_LIMIT = 11e6;
const UKI_LIMIT = 24e6;
const COMPRESSED_SLOT_LIMIT = 230e6;

type Figure = readonly [metric: string, unit: string, read: (figures: BuilderFigures) => number];

const times: readonly Figure[] = [
  ["cold-wall", "s", ({ cold }) => cold.wall],
  ["cold-cpu", "s", ({ cold }) => cold.cpu],
  ["rebuild-wall", "s", ({ rebuild }) => rebuild.wall],
  ["rebuild-cpu", "s", ({ rebuild }) => rebuild.cpu],
];
const sizes: readonly Figure[] = [
  ["slot-bytes", "B", (figures) => figures.sizes.slot],
  ["initrd-bytes", "B", (figures) => figures.sizes.initrd],
  ["uki-bytes", "B", (figures) => figures.sizes.uki],
  ["image-bytes", "B", (figures) => figures.sizes.image],
];

/** The rows of `holdfast bench image`: ours beside mkosi, then what has no peer. Pure. */
export function imageRows(ours: OurFigures, mkosi: BuilderFigures | undefined): BenchRow[] {
  const compared = [...times, ...sizes].map(([metric, unit, read]) => ({
    ...{ case: CASE, metric, unit, ours: read(ours) },
    peers: mkosi === undefined ? {} : { mkosi: read(mkosi) },
  }));
  const { supervisorArchive: archive } = ours;
  return [
    ...compared,
    alone("supervisor-archive", "cold-wall", "s", archive.wall),
    alone("supervisor-archive", "cold-cpu", "s", archive.cpu),
    alone("supervisor-archive", "archive-bytes", "B", archive.bytes),
    ...ours.compressed.flatMap((slot) => [
      alone(slot.case, "cold-wall", "s", slot.wall),
      alone(slot.case, "cold-cpu", "s", slot.cpu),
      alone(slot.case, "slot-bytes", "B", slot.sizes.slot),
      alone(slot.case, "initrd-bytes", "B", slot.sizes.initrd),
      alone(slot.case, "uki-bytes", "B", slot.sizes.uki),
    ]),
  ];
}

const alone = (name: string, metric: string, unit: string, ours: number): BenchRow => ({
  ...{ case: name, metric, unit, ours },
  peers: {},
});

/** Whether each aim of the issue holds; times have aims only where mkosi ran. Pure. */
export function imageAims(ours: OurFigures, mkosi: BuilderFigures | undefined): BenchAim[] {
  const shares = times.flatMap(([metric, , read]) =>
    mkosi === undefined
      ? []
      : [atMost(`${metric} in seconds: a fifth of mkosi's`, read(ours), TIME_SHARE * read(mkosi))],
  );
  const release = ours.compressed.find((slot) => slot.case === RELEASE_CASE);
  return [
    ...shares,
    ...(release === undefined
      ? []
      : [
          atMost("initrd of a release: 11 MB", release.sizes.initrd, INITRD_LIMIT),
          atMost("UKI of a release: 24 MB", release.sizes.uki, UKI_LIMIT),
          atMost("compressed slot: 230 MB", release.sizes.slot, COMPRESSED_SLOT_LIMIT),
        ]),
  ];
}

const atMost = (aim: string, value: number, limit: number): BenchAim => ({ aim, value, limit, holds: value <= limit });
