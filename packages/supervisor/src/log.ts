/** Where the supervisor tells what it does. Lines are short; the journal adds time and unit. */
export type Log = {
  readonly info: (line: string) => void;
  readonly warn: (line: string) => void;
  readonly error: (line: string) => void;
};

/** A line longer than this is cut: one broken answer must not fill an 8 MB journal. */
const MAX_LINE = 1000;

/** Writes to standard output, with the priorities that journald understands in front. */
export function consoleLog(write: (text: string) => void = (text) => void process.stdout.write(text)): Log {
  const line = (priority: number) => (text: string) =>
    write(`<${priority}>${text.replaceAll("\n", " ").slice(0, MAX_LINE)}\n`);
  return { info: line(6), warn: line(4), error: line(3) };
}
