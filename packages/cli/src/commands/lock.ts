import path from "node:path";
import type { Architecture } from "@holdfast/contracts";
import {
  describeChange,
  diffLocks,
  findMirror,
  type Lock,
  listBoards,
  lockFile,
  readBoard,
  readLock,
  refreshScriptsLedger,
  resolvePackages,
  resolveTools,
  type ToolTreeName,
  toolsLockFile,
  toolTrees,
  type Workshop,
  writeLock,
} from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { baseImageLockFile, resolveBaseImage } from "../image/base-image.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { osDirectory, repositoryRoot } from "../repository-root.ts";

type Board = Awaited<ReturnType<typeof readBoard>>;
type Resolving = Pick<Workshop, "cache" | "mirror" | "progress" | "signal">;
/** One lock file, how its packages are computed anew, and the boards whose slots are made of them. */
type LockSource = {
  readonly file: string;
  readonly boards: readonly Board[];
  readonly resolve: () => Promise<Lock>;
};

/** `holdfast lock [--update]`: what a refresh of the locks changes; written only with --update. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const update = args.flag("update");
  const { progress, signal } = context;
  const resolving = { cache: cacheDirectory, mirror: await findMirror(process.env), progress, signal };
  const [reports, locked]: [Report[], { layers: Board["layers"]; lock: Lock }[]] = [[], []];
  for (const { file, boards, resolve } of await lockSources(args.text("board"), resolving)) {
    const before = await readLock(file);
    const after = await resolve();
    const changes = diffLocks(before ?? { ...after, packages: [] }, after);
    const isNew = before === undefined;
    const differs = isNew || changes.length > 0 || before.requested.join() !== after.requested.join();
    if (update && differs) await writeLock(file, after);
    const name = path.relative(repositoryRoot, file);
    reports.push({ file: name, packages: after.packages.length, isNew, written: update && differs, changes });
    for (const { layers } of boards) locked.push({ layers, lock: after });
  }
  const scripts = update ? await refreshScriptsLedger(osDirectory, locked, resolving) : undefined;
  if (context.json) {
    context.printJson({ locks: reports, ...(scripts === undefined ? {} : { scripts }) });
    return;
  }
  for (const report of reports) context.print(describeReport(report, update));
  if (scripts !== undefined) context.print(describeScripts(scripts));
}

type Report = {
  readonly file: string;
  readonly packages: number;
  readonly isNew: boolean;
  readonly written: boolean;
  readonly changes: ReturnType<typeof diffLocks>;
};

function describeReport({ file, packages, isNew, changes, written }: Report, updated: boolean): string {
  if (isNew) return `${file}: ${updated ? "new" : "would be new"}, ${packages} packages`;
  if (changes.length === 0)
    return `${file}: ${written ? "other packages asked for" : "up to date"}, ${packages} packages`;
  const head = `${file}: ${changes.length} of ${packages} packages ${updated ? "changed" : "would change"}`;
  return [head, ...changes.map((change) => `  ${describeChange(change)}`)].join("\n");
}

function describeScripts({ file, changed, unknown }: Awaited<ReturnType<typeof refreshScriptsLedger>>): string {
  const name = path.relative(repositoryRoot, file);
  const lines = [
    ...changed.map((finding) => `  ${finding.package}'s ${finding.script} changed: check that "how" still holds`),
    ...unknown.map(
      (finding) => `  ${finding.package}'s ${finding.script} is not accounted for: say how in "scripts" of a layer`,
    ),
  ];
  return lines.length === 0 ? `${name}: up to date` : [`${name}:`, ...lines].join("\n");
}

/** One lock per architecture holds what all its boards need. */
async function boardSources(only: string | undefined, resolving: Resolving): Promise<LockSource[]> {
  const boards = await Promise.all((await listBoards(osDirectory)).map((slug) => readBoard(osDirectory, slug)));
  const wanted = only === undefined ? boards : [await readBoard(osDirectory, only)];
  return [...new Set(wanted.map(({ board }) => board.arch))].sort().map((arch: Architecture) => {
    const ofArch = boards.filter(({ board }) => board.arch === arch);
    const requestedBy = new Map(ofArch.flatMap((board) => [...board.requestedBy]));
    const requested = [...requestedBy.keys()];
    return {
      file: lockFile(osDirectory, arch),
      boards: ofArch,
      resolve: () => resolvePackages({ arch, requested, requestedBy, update: true, ...resolving }),
    };
  });
}

async function lockSources(only: string | undefined, resolving: Resolving): Promise<LockSource[]> {
  const boards = await boardSources(only, resolving);
  if (only !== undefined) return boards;
  const baseImages = (["amd64", "arm64"] as const).map((arch) => ({
    file: baseImageLockFile(arch),
    boards: [],
    resolve: () => resolveBaseImage(arch, resolving, true),
  }));
  // The keys of a constant object are exactly the names.
  const trees = (Object.keys(toolTrees) as ToolTreeName[]).map((name) => ({
    file: toolsLockFile(name),
    boards: [],
    resolve: () => resolveTools({ name, ...resolving }),
  }));
  return [...boards, ...baseImages, ...trees];
}
