import { appendFile, cp, link, mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { Workshop } from "@holdfast/image";
import { type Cost, timedRun } from "../../measure/timed-run.ts";
import type { OurFigures, Sizes } from "../figures.ts";
import { RELEASE_CASE } from "../image-report.ts";
import { type Built, builtSchema, type Job } from "./job.ts";

/** The layer's file that the rebuild finds changed: a comment more. */
const CHANGED_FILE = "layers/base/nsswitch.conf";
/** What a build finds in the cache besides packages: package lists, tools and the Node program, as it was downloaded. */
const KEPT = ["apt", "tools", "node"];
const program = join(import.meta.dirname, "build-once.ts");

type Ours = {
  readonly home: string;
  readonly osDir: string;
  readonly workshop: Workshop;
  readonly signal: AbortSignal;
};

/** Builds the board's image in a cache of its own that holds the packages' files, tools and Node, and no stage. */
export async function measureOurs(board: string, workshop: Workshop, signal: AbortSignal): Promise<OurFigures> {
  const home = join(workshop.cache, "bench/ours");
  const ours: Ours = { home, osDir: join(home, "os"), workshop, signal };
  const job = (part: Job["part"], compression: Job["compression"]): Job => ({
    ...{ board, part, compression },
    osDir: ours.osDir,
    out: join(home, "out"),
  });
  await prepare(ours);
  try {
    const archive = await build(ours, "ours: supervisor's archive", job("supervisor-archive", "none"));
    await forgetPackages(ours);
    const cold = await build(ours, "ours: build cold", job("image", "none"));
    await appendFile(join(ours.osDir, CHANGED_FILE), "# changed\n");
    const rebuild = await build(ours, "ours: rebuild", job("image", "none"));
    const release = await build(ours, "ours: compressed slot", job("slot", "lz4hc"));
    const smallest = await build(ours, "ours: compressed slot, zstd", job("slot", "zstd"));
    return {
      ...{ cold: cold.cost, rebuild: rebuild.cost, sizes: sizesOf(cold.built) },
      supervisorArchive: { ...archive.cost, bytes: archive.built.archive ?? 0 },
      compressed: [
        { case: RELEASE_CASE, ...release.cost, slot: sizesOf(release.built).slot },
        { case: `${RELEASE_CASE}-zstd`, ...smallest.cost, slot: sizesOf(smallest.built).slot },
      ],
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Packages' files are linked: they cost nothing, and what is unpacked from them is new. */
async function prepare({ home, osDir, workshop }: Ours): Promise<void> {
  await rm(home, { recursive: true, force: true });
  const cache = cacheOf(home);
  await mkdir(join(cache, "debs"), { recursive: true });
  for (const name of KEPT) await symlink(join(workshop.cache, name), join(cache, name));
  for (const file of await readdir(join(workshop.cache, "debs")))
    if (file.endsWith(".deb")) await link(join(workshop.cache, "debs", file), join(cache, "debs", file));
  await cp(join(workshop.repository, "os"), osDir, { recursive: true });
  // The layers import the contracts.
  await symlink(join(workshop.repository, "node_modules"), join(home, "node_modules"));
}

/** The supervisor's archive is made of some of the packages; a cold build unpacks all of them. */
async function forgetPackages({ home }: Ours): Promise<void> {
  const debs = join(cacheOf(home), "debs");
  for (const file of await readdir(debs)) if (!file.endsWith(".deb")) await rm(join(debs, file));
}

const cacheOf = (home: string): string => join(home, "cache");

async function build(
  { home, workshop, signal }: Ours,
  title: string,
  job: Job,
): Promise<{ readonly cost: Cost; readonly built: Built }> {
  const step = workshop.progress.start(title);
  try {
    const { cost, stdout } = await timedRun({
      argv: [process.execPath, program, JSON.stringify(job)],
      logFile: join(home, "build.log"),
      timeFile: join(home, "time"),
      env: { ...process.env, HOLDFAST_CACHE: cacheOf(home) },
      signal,
    });
    return { cost, built: builtSchema.parse(JSON.parse(stdout)) };
  } finally {
    step.end();
  }
}

function sizesOf(built: Built): Sizes {
  if (built.sizes === undefined) throw new Error("the build says nothing of its sizes");
  return built.sizes;
}
