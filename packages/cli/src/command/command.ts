import type { Progress } from "@holdfast/contracts";

/** One option of a command, `--name`. */
export type Option = {
  readonly kind: "text" | "flag" | "list";
  /** What stands for the value in the help, e.g. `FILE`. Texts and lists only. */
  readonly value?: string;
  readonly help: string;
  /** Used when the option is absent. Texts only. */
  readonly default?: string;
};

/** One positional argument. */
export type Argument = {
  readonly name: string;
  readonly help: string;
  readonly required?: boolean;
  /** Takes all that remain, e.g. the command of `vm ssh NAME -- COMMAND`. Only the last one. */
  readonly rest?: boolean;
};

/** What a command's module exports. The promise's number is the exit status; nothing means 0. */
export type CommandModule = {
  readonly run: (args: Arguments, context: Context) => Promise<number | undefined>;
};

/** A command as the help, docs/cli.md and the parser see it. Its code is loaded only when it runs. */
export type Command = {
  /** The words after `holdfast`, e.g. `vm start`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly Argument[];
  readonly options?: Readonly<Record<string, Option>>;
  readonly examples?: readonly string[];
  readonly load: () => Promise<CommandModule>;
};

/** The parsed command line of one command. Asking for a name that its table does not have is a bug and throws. */
export type Arguments = {
  readonly text: (option: string) => string | undefined;
  readonly flag: (option: string) => boolean;
  readonly list: (option: string) => readonly string[];
  readonly argument: (name: string) => string | undefined;
  readonly required: (name: string) => string;
  readonly rest: readonly string[];
};

/** What a command may touch besides its arguments. */
export type Context = {
  /** Results, on standard output. Progress and errors go to standard error. */
  readonly print: (text: string) => void;
  readonly printJson: (value: unknown) => void;
  readonly json: boolean;
  readonly progress: Progress;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
};
