import { HoldfastError } from "@holdfast/contracts";

/** What the operator sees of an error, and the exit status that goes with it. */
export type ErrorReport = {
  readonly status: 1 | 2 | 130;
  readonly text: string;
  readonly json: { readonly error: { readonly code: string; readonly message: string; readonly hint?: string } };
};

/** Codes that mean: the command line itself was wrong. */
const wrongUse: ReadonlySet<string> = new Set([
  "cli.usage",
  "cli.unknown-device",
  "image.unknown-board",
  "image.unknown-layer",
  "image.unknown-variant",
]);

/**
 * One sentence, a hint and a code for an operator's error; the stack for our own bugs.
 * @param interrupted whether Ctrl-C came before: then the error is only its consequence.
 */
export function describeError(thrown: unknown, interrupted: boolean): ErrorReport {
  if (interrupted) return report(130, "cli.interrupted", "Interrupted.", undefined, "holdfast: interrupted");
  if (!(thrown instanceof HoldfastError)) {
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const text = `holdfast: this is a bug in Holdfast, please report it with the following lines.\n${stack}`;
    return report(1, "cli.bug", stack, undefined, text);
  }
  const { code, message, hint } = thrown;
  const lines = [`holdfast: ${message}`, ...(hint === undefined ? [] : [`  hint: ${hint}`]), `  code: ${code}`];
  return report(wrongUse.has(code) ? 2 : 1, code, message, hint, lines.join("\n"));
}

function report(
  status: ErrorReport["status"],
  code: string,
  message: string,
  hint: string | undefined,
  text: string,
): ErrorReport {
  return { status, text, json: { error: { code, message, ...(hint === undefined ? {} : { hint }) } } };
}
