import { formatBytes, formatDuration } from "./format-quantity.ts";

/** A step of long work as it stands at one moment. */
export type StepState = {
  readonly title: string;
  readonly unit: "bytes" | "items";
  readonly done: number;
  /** 0 when nobody knows how much there is. */
  readonly total: number;
  readonly note: string | undefined;
  readonly elapsedMs: number;
};

const TITLE_WIDTH = 34;
const BAR_WIDTH = 20;

/** The line of a running step, with a bar when its size is known; never wider than `columns`. */
export function renderRunning(step: StepState, columns: number): string {
  const share = step.total > 0 ? Math.min(1, step.done / step.total) : undefined;
  const middle = share === undefined ? "".padEnd(BAR_WIDTH + 7) : `${bar(share)} ${percent(share)} `;
  const facts = [quantity(step), step.note].filter((fact) => fact !== undefined && fact !== "");
  return `  ${fit(step.title)} ${middle}${time(step)}  ${facts.join(", ")}`.slice(0, columns).trimEnd();
}

/** The line that stays when a step has ended. */
export function renderEnded(step: StepState): string {
  const facts = step.note ?? (step.done > 0 ? amount(step, step.done) : undefined);
  return `  ${fit(step.title)} ${time(step)}  ${facts ?? ""}`.trimEnd();
}

const fit = (title: string): string =>
  title.length > TITLE_WIDTH ? `${title.slice(0, TITLE_WIDTH - 1)}…` : title.padEnd(TITLE_WIDTH);
const time = (step: StepState): string => formatDuration(step.elapsedMs).padStart(9);
const percent = (share: number): string => `${String(Math.floor(share * 100)).padStart(3)}%`;

function bar(share: number): string {
  const filled = Math.round(share * BAR_WIDTH);
  return `[${"=".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}]`;
}

function quantity(step: StepState): string | undefined {
  if (step.total > 0) return `${amount(step, step.done)} of ${amount(step, step.total)}`;
  return step.done > 0 ? amount(step, step.done) : undefined;
}

const amount = (step: StepState, count: number): string =>
  step.unit === "bytes" ? formatBytes(count) : String(Math.round(count));
