import type { ToolCommand } from "@holdfast/contracts";
import { type RunOptions, type RunResult, reproducibleEnv, run } from "../process/run.ts";

/** The programs of the tools tree, as the packers call them. */
export type ImageTools = {
  /**
   * Runs a program of the tools tree to its end.
   * @throws ProgramFailed when it ends with another status than 0.
   */
  readonly run: (argv: readonly [string, ...string[]], options?: RunOptions) => Promise<RunResult>;
};

/**
 * Tools that run through `command` with a fixed environment, in which programs that honour SOURCE_DATE_EPOCH see
 * `epoch`. A failing input stream stops the program and is what the caller sees; `stop` ends whatever runs.
 */
export function imageTools(command: ToolCommand, epoch: number, stop?: AbortSignal): ImageTools {
  const env = { ...reproducibleEnv, SOURCE_DATE_EPOCH: String(epoch) };
  return {
    run: async (argv, options = {}) => {
      const abort = new AbortController();
      const signals = [abort.signal, stop, options.signal].filter((signal) => signal !== undefined);
      const signal = AbortSignal.any(signals);
      const { input } = options;
      if (input !== undefined && !(input instanceof Uint8Array)) input.once("error", (cause) => abort.abort(cause));
      try {
        return await run(command(argv), { env, ...options, signal });
      } catch (failure) {
        throw abort.signal.aborted ? abort.signal.reason : failure;
      }
    },
  };
}
