/** How a program ended (128 + n when signal n killed it) and what it printed on standard output. */
export type RunResult = { readonly status: number; readonly output: string };

export type RunOptions = {
  /** Standard input; at most 60 kB, what a pipe holds. Without it, standard input is empty. */
  readonly input?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Drop what the program prints on standard error instead of passing it to the journal. */
  readonly quiet?: boolean;
};

export type PathKind = "file" | "directory" | "link" | "block" | "other";

/**
 * The device as host programs see it. QuickJS implements it on the device (qjs/machine.ts), tests simulate it. Everything
 * is synchronous: a host program does one thing after the other and ends.
 */
export type Machine = {
  /** The file's text; undefined when it is absent or unreadable. */
  readonly readText: (path: string) => string | undefined;
  /** Up to `length` bytes from `offset`; undefined when the file is absent or unreadable. */
  readonly readBytes: (path: string, offset: number, length: number) => Uint8Array | undefined;
  /** Creates or truncates. Not durable: for /run, /proc and /sys; other places are written by writeDurably. */
  readonly writeText: (path: string, text: string, mode?: number) => void;
  /** Overwrites bytes of an existing file or block device in place; a file grows. Not durable until `sync`. */
  readonly writeBytes: (path: string, offset: number, bytes: Uint8Array) => void;
  /** Names in a directory, sorted; undefined when it is absent. */
  readonly list: (path: string) => readonly string[] | undefined;
  /** What the path itself is, links not followed; undefined when absent. */
  readonly kindOf: (path: string) => PathKind | undefined;
  /** The path with all links resolved; undefined when it leads nowhere. */
  readonly resolve: (path: string) => string | undefined;
  readonly makeDirectory: (path: string, mode?: number) => void;
  /** Replaces `to`. @throws when the kernel refuses. */
  readonly rename: (from: string, to: string) => void;
  /** Removes a file, link or empty directory; absent is fine. */
  readonly remove: (path: string) => void;
  readonly symlink: (target: string, path: string) => void;
  /** Runs a program to its end. Status 127 when it does not exist. */
  readonly run: (argv: readonly [string, ...string[]], options?: RunOptions) => RunResult;
  /** Starts a program that outlives this one. */
  readonly detach: (argv: readonly [string, ...string[]]) => void;
  readonly sleep: (milliseconds: number) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970, by a clock that may be wrong and is set now and then. */
  readonly wallClock: () => number;
  readonly environment: (name: string) => string | undefined;
  /** One line to the journal. */
  readonly log: (line: string) => void;
};

/** True when something (also a dangling link) is at the path. */
export const exists = (machine: Machine, path: string): boolean => machine.kindOf(path) !== undefined;
