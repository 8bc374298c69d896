import { watch } from "node:fs";
import { messageOf, worldError } from "@holdfast/contracts";

/** Editors write, rename and touch a file in several steps; a change counts once nothing has happened for so long. */
const SETTLE_MS = 300;

/**
 * Listens at once to these directories (not to those below them) and returns when something in them has changed and has
 * settled. Nothing is listened to afterwards.
 * @throws `cli.invalid-input-file` when a directory cannot be watched, and the signal's reason
 */
export async function watchDirectories(directories: Iterable<string>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await using watching = new AsyncDisposableStack();
  await new Promise<void>((resolve, reject) => {
    let settling: NodeJS.Timeout | undefined;
    const changed = (): void => {
      clearTimeout(settling);
      settling = setTimeout(resolve, SETTLE_MS);
    };
    watching.defer(() => clearTimeout(settling));
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    watching.defer(() => signal.removeEventListener("abort", abort));
    for (const directory of directories) {
      try {
        const watcher = watch(directory, changed);
        // A directory that is removed is a change of the one above it.
        watcher.on("error", changed);
        watching.defer(() => watcher.close());
      } catch (cause) {
        reject(unwatchable(directory, cause));
      }
    }
  });
}

function unwatchable(directory: string, cause: unknown): Error {
  return worldError("cli.invalid-input-file", {
    message: `${directory} cannot be watched: ${messageOf(cause)}.`,
    hint: "If the limit of watches is reached, raise fs.inotify.max_user_watches, or push without --watch.",
    cause,
  });
}
