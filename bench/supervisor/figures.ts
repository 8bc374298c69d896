import type { MemoryUse } from "./process-memory.ts";

/** What is done to the supervisor before it may rest. */
export type Load = {
  readonly targetChanges: number;
  readonly apiCalls: number;
  readonly logLines: number;
  readonly restMs: number;
  /** Answers whose time is taken. */
  readonly pings: number;
  /** How often process and bare server are started. */
  readonly starts: number;
  /** Services on one device, of which one changes. */
  readonly crowds: readonly number[];
};

/** One way to drive it: by the local API, or by a fleet server that it polls. */
export type CaseFigures = {
  readonly name: string;
  readonly idle: MemoryUse;
  /** Of one processor, in percent, while it rested. */
  readonly idleCpu: number;
  readonly updateAnon: number;
  /** Milliseconds. */
  readonly pingP99: number;
  readonly bare: { readonly memory: MemoryUse; readonly pingP99: number };
  /** Of everything in its control group, with the pages of files that it was the first to read. */
  readonly groupPeak: number;
};

/** Milliseconds, medians. */
export type StartFigures = { readonly ours: number; readonly bare: number };

/** Seconds from a target in which one of `services` is changed until it is applied. */
export type CrowdFigures = { readonly services: number; readonly seconds: number };

export type SupervisorFigures = {
  readonly cases: readonly CaseFigures[];
  readonly start: StartFigures;
  readonly crowds: readonly CrowdFigures[];
  readonly bundleBytes: number;
  /** The container image without Node's own program. */
  readonly imageBytes: number;
};
