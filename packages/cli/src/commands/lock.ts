import path from "node:path";
import type { Board } from "@holdfast/contracts";
import {
  describeChange,
  diffLocks,
  findMirror,
  type Lock,
  listBoards,
  lockFile,
  readBoard,
  readLock,
  resolvePackages,
  resolveTools,
  type ToolTreeName,
  toolsLockFile,
  toolTrees,
  writeLock,
} from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { baseImageLockFile, resolveBaseImage } from "../image/base-image.ts";
import { cacheDirectory } from "../machine/cache.ts";
import { osDirectory, repositoryRoot } from "../repository-root.ts";

/** One lock file and how its packages are computed anew. */
type LockSource = { readonly file: string; readonly resolve: () => Promise<Lock> };

/** `holdfast lock [--update]`: what a refresh of the locks changes; written only with --update. */
export async function run(args: Arguments, context: Context): Promise<undefined> {
  const update = args.flag("update");
  const reports = [];
  for (const { file, resolve } of await lockSources(args.text("board"), context)) {
    const name = path.relative(repositoryRoot, file);
    const before = await readLock(file);
    const after = await resolve();
    const changes = diffLocks(before ?? { ...after, packages: [] }, after);
    const isNew = before === undefined;
    const differs = isNew || changes.length > 0 || before.requested.join() !== after.requested.join();
    if (update && differs) await writeLock(file, after);
    reports.push({ file: name, packages: after.packages.length, isNew, written: update && differs, changes });
  }
  if (context.json) context.printJson(reports);
  else for (const report of reports) context.print(describeReport(report, update));
}

type Report = {
  readonly file: string;
  readonly packages: number;
  readonly isNew: boolean;
  readonly changes: ReturnType<typeof diffLocks>;
};

function describeReport({ file, packages, isNew, changes }: Report, updated: boolean): string {
  if (isNew) return `${file}: ${updated ? "new" : "would be new"}, ${packages} packages`;
  if (changes.length === 0) return `${file}: up to date, ${packages} packages`;
  const head = `${file}: ${changes.length} of ${packages} packages ${updated ? "changed" : "would change"}`;
  return [head, ...changes.map((change) => `  ${describeChange(change)}`)].join("\n");
}

async function lockSources(only: string | undefined, context: Context): Promise<LockSource[]> {
  const { progress, signal } = context;
  const common = { cache: cacheDirectory, mirror: await findMirror(process.env), progress, signal };
  const slugs = only === undefined ? await listBoards(osDirectory) : [only];
  const boards = await Promise.all(slugs.map((slug) => readBoard(osDirectory, slug)));
  const ofBoard = (board: Board, requestedBy: ReadonlyMap<string, string>): LockSource => ({
    file: lockFile(osDirectory, board),
    resolve: () =>
      resolvePackages({ arch: board.arch, requested: [...requestedBy.keys()], requestedBy, update: true, ...common }),
  });
  const ofTools = (name: ToolTreeName): LockSource => ({
    file: toolsLockFile(name),
    resolve: () => resolveTools({ name, ...common }),
  });
  // The keys of a constant object are exactly the names.
  const trees = Object.keys(toolTrees) as ToolTreeName[];
  const baseImages = (["amd64", "arm64"] as const).map(
    (arch): LockSource => ({
      file: baseImageLockFile(arch),
      resolve: () => resolveBaseImage(arch, common, true),
    }),
  );
  return [
    ...boards.map(({ board, requestedBy }) => ofBoard(board, requestedBy)),
    ...(only === undefined ? baseImages : []),
    ...(only === undefined ? trees.map(ofTools) : []),
  ];
}
