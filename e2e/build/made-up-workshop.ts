import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheRoot, findMirror, toolsTree } from "@holdfast/image";
import { type LocalMirror, type LocalPackage, startLocalMirror } from "../../packages/image/src/apt/local-mirror.ts";
import { type BuildReport, type BuildRequest, parseReport } from "./build-request.ts";
import { type MadeUpOs, madeUpPackages, makeUpOs } from "./made-up-os.ts";
import { type ProgramOptions, runProgram } from "./run-program.ts";
import { openWorkFolder, warmCache } from "./warm-cache.ts";

const program = fileURLToPath(new URL("build-made-up.ts", import.meta.url));

/** A made-up OS, a Debian archive on the loopback interface and an empty cache with the tools tree. */
export type MadeUpWorkshop = AsyncDisposable & {
  readonly folder: string;
  readonly cache: string;
  readonly os: MadeUpOs;
  readonly mirror: LocalMirror;
  readonly packages: readonly LocalPackage[];
  /** Builds in a process of its own. */
  readonly build: (request?: Partial<BuildRequest>, options?: ProgramOptions) => Promise<BuildReport>;
  /** Builds, and returns what the operator would read of the failure. */
  readonly failure: (request?: Partial<BuildRequest>, options?: ProgramOptions) => Promise<string>;
  /** Files and folders of the cache that no finished work would leave. */
  readonly leftovers: () => Promise<string[]>;
};

export async function openMadeUpWorkshop(): Promise<MadeUpWorkshop> {
  const work = await openWorkFolder("trouble");
  const { folder } = work;
  const cache = join(folder, "cache");
  await warmCache(cache, { tools: true });
  const tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  const packages = await madeUpPackages(tools);
  const mirror = await startLocalMirror(join(folder, "mirror"));
  await mirror.publish(packages);
  const os = await makeUpOs(folder);
  const build: MadeUpWorkshop["build"] = async (request = {}, options = {}) => {
    const env = { HOLDFAST_CACHE: cache, HOLDFAST_MIRROR: mirror.setting, ...options.env };
    const argument = JSON.stringify({ osDir: os.osDir, cache, ...request });
    const outcome = await runProgram([program, argument], { ...options, env });
    if (outcome.stdout === "") throw new Error(`the build said nothing: ${outcome.stderr}`);
    return parseReport(outcome.stdout);
  };
  return {
    ...{ folder, cache, os, mirror, packages, build },
    failure: async (request, options) => {
      const report = await build(request, options);
      if (!("error" in report)) throw new Error("the build should have failed");
      return report.error;
    },
    leftovers: () => leftovers(cache),
    [Symbol.asyncDispose]: async () => {
      await mirror.stop();
      await work[Symbol.asyncDispose]();
    },
  };
}

/** What is half-made below a folder; the shared parts of a cache, which are links, are not looked into. */
export async function leftovers(folder: string, inside = ""): Promise<string[]> {
  const found = [];
  for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
    const name = join(inside, entry.name);
    if (HALF_MADE.test(entry.name)) found.push(name);
    else if (entry.isDirectory()) found.push(...(await leftovers(folder, name)));
  }
  return found;
}

const HALF_MADE = /^(\.?scratch-|\.making-|\.unpacking-|\.[0-9a-f]{64}\.deb\.)|\.partial(-|$)|\.part$/;
