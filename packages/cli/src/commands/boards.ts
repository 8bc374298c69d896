import { listBoards, loadBoard } from "@holdfast/image";
import type { Arguments, Context } from "../command/command.ts";
import { alignColumns } from "../output/align-columns.ts";
import { osDirectory } from "../repository-root.ts";

/** `holdfast boards`. */
export async function run(_args: Arguments, context: Context): Promise<undefined> {
  const slugs = await listBoards(osDirectory);
  const boards = await Promise.all(slugs.map((slug) => loadBoard(osDirectory, slug)));
  if (context.json) context.printJson(boards);
  else
    context.print(
      alignColumns(
        boards.map((board) => [board.slug, board.name, board.arch, board.kernel]),
        ["board", "name", "arch", "kernel"],
      ),
    );
}
