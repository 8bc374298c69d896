import { appendFile, cp, link, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { openScratch, type Workshop } from "@holdfast/image";
import { type Cost, describeCost, timedRun } from "../../measure/timed-run.ts";
import type { OurFigures, Sizes } from "../figures.ts";
import { RELEASE_CASE } from "../image-report.ts";
import { type Built, builtSchema, type Job } from "./job.ts";

/** The layer's file that the rebuild finds changed: a comment more. */
const CHANGED_FILE = "layers/base/nsswitch.conf";
/** What a build finds in the cache besides packages: package lists, tools and the Node program, as it was downloaded. */
const KEPT = ["apt", "tools", "node"];
/** The supervisor's archive and Node's compressed layer: a stage of its own that is reported apart. */
const ARCHIVE_STAGES = ["stages/supervisor", "stages/layer-frame"];
const program = join(import.meta.dirname, "build-once.ts");

type Ours = {
  readonly home: string;
  readonly osDir: string;
  readonly workshop: Workshop;
  readonly signal: AbortSignal;
};

/** Builds the board's image in a cache of its own that holds the packages' files, tools and Node, and no stage but the archive. */
export async function measureOurs(board: string, workshop: Workshop, signal: AbortSignal): Promise<OurFigures> {
  await using scratch = await openScratch(workshop.cache);
  const home = scratch.directory;
  const ours: Ours = { home, osDir: join(home, "os"), workshop, signal };
  const job = (part: Job["part"], compression: Job["compression"]): Job => ({
    ...{ board, part, compression },
    osDir: ours.osDir,
    out: join(home, "out"),
  });
  await prepare(ours);
  for (const compression of ["none", "lz4hc"] as const)
    await build(
      ours,
      "ours: supervisor's archive, unless cached",
      job("supervisor-archive", compression),
      workshop.cache,
    );
  await cacheWith(ours, [...KEPT, ...ARCHIVE_STAGES]);
  const cold = await build(ours, "ours: build cold", job("image", "none"));
  await appendFile(join(ours.osDir, CHANGED_FILE), "# changed\n");
  const rebuild = await build(ours, "ours: rebuild", job("image", "none"));
  const release = await build(ours, "ours: compressed slot", job("slot", "lz4hc"));
  const smallest = await build(ours, "ours: compressed slot, zstd", job("slot", "zstd"));
  await cacheWith(ours, KEPT);
  const archive = await build(ours, "ours: supervisor's archive", job("supervisor-archive", "lz4hc"));
  return {
    ...{ cold: cold.cost, rebuild: rebuild.cost, sizes: sizesOf(cold.built) },
    supervisorArchive: { ...archive.cost, bytes: archive.built.archive ?? 0 },
    compressed: [
      { case: RELEASE_CASE, ...release.cost, sizes: sizesOf(release.built) },
      { case: `${RELEASE_CASE}-zstd`, ...smallest.cost, sizes: sizesOf(smallest.built) },
    ],
  };
}

async function prepare({ home, osDir, workshop }: Ours): Promise<void> {
  await cp(join(workshop.repository, "os"), osDir, { recursive: true });
  // The layers import the contracts.
  await symlink(join(workshop.repository, "node_modules"), join(home, "node_modules"));
}

/** A new cache in place of the last. Packages' files are linked: they cost nothing, and what is unpacked from them is new. */
async function cacheWith({ home, workshop }: Ours, kept: readonly string[]): Promise<void> {
  const cache = cacheOf(home);
  await rm(cache, { recursive: true, force: true });
  await mkdir(join(cache, "debs"), { recursive: true });
  await mkdir(join(cache, "stages"));
  for (const name of kept) await symlink(join(workshop.cache, name), join(cache, name));
  for (const file of await readdir(join(workshop.cache, "debs")))
    if (file.endsWith(".deb")) await link(join(workshop.cache, "debs", file), join(cache, "debs", file));
}

const cacheOf = (home: string): string => join(home, "cache");

async function build(
  { home, workshop, signal }: Ours,
  title: string,
  job: Job,
  cache = cacheOf(home),
): Promise<{ readonly cost: Cost; readonly built: Built }> {
  const step = workshop.progress.start(title);
  let said: string | undefined;
  try {
    const { cost, stdout } = await timedRun({
      argv: [process.execPath, program, JSON.stringify(job)],
      logFile: join(home, "build.log"),
      timeFile: join(home, "time"),
      env: { ...process.env, HOLDFAST_CACHE: cache },
      signal,
    });
    said = describeCost(cost);
    return { cost, built: builtSchema.parse(JSON.parse(stdout)) };
  } finally {
    step.end(said);
  }
}

function sizesOf(built: Built): Sizes {
  if (built.sizes === undefined) throw new Error("the build says nothing of its sizes");
  return built.sizes;
}
