/** A question to the device: a program that is run for its answer, beside all the others. */
export type Probe = {
  /** Letters, digits and hyphens: it names files. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
};

export type ProbeAnswer = { readonly status: number; readonly output: string };

/** Answers by the names of probes; one that did not end in time is not in it. */
export type Answers = ReadonlyMap<string, ProbeAnswer>;

/** A program whose script is ours, with arguments of the device. */
export const shellProbe = (name: string, script: string, ...args: readonly string[]): Probe => ({
  name,
  argv: ["sh", "-c", script, "doctor", ...args],
});
