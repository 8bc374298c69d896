/** One named step of long work, as people see it: `start`, any number of `update`s, then `end` (also on failure). */
export type Step = {
  /** `done` of `total`, in bytes or items; `note` replaces the former one. */
  readonly update: (done: number, total: number, note?: string) => void;
  readonly end: (note?: string) => void;
};

/** Where long work reports to. The command line draws bars; tests collect; `silentProgress` drops. */
export type Progress = { readonly start: (title: string, unit?: "bytes" | "items") => Step };

export const silentProgress: Progress = { start: () => ({ update: () => {}, end: () => {} }) };
