import type { Progress, Step } from "@holdfast/contracts";
import { renderEnded, renderRunning, type StepState } from "./render-step.ts";

/** Where progress lines go. `process.stderr` fits. */
export type Screen = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

/** Progress that must be closed, so that no half-drawn line stays. */
export type TerminalProgress = Progress & { readonly close: () => void };

type Running = {
  title: string;
  unit: "bytes" | "items";
  done: number;
  total: number;
  note: string | undefined;
  began: number;
};

const REDRAW_MS = 120;
/** A step that ends sooner found its result in the cache: it says nothing. */
const WORTH_A_LINE_MS = 80;
/** Without a terminal a step prints its line when it ends, and says that it is running only if it takes this long. */
const ANNOUNCE_MS = 10_000;

/**
 * Draws named steps: on a terminal the running ones are redrawn in place with bars, elsewhere each step gives one line.
 * @param now monotonic milliseconds
 */
export function terminalProgress(screen: Screen, now: () => number = () => performance.now()): TerminalProgress {
  return screen.isTTY === true ? redrawing(screen, now) : plain(screen, now);
}

const stateOf = (step: Running, now: number): StepState => ({ ...step, elapsedMs: now - step.began });

function lastingLine(step: Running, now: number): string {
  return now - step.began < WORTH_A_LINE_MS ? "" : `${renderEnded(stateOf(step, now))}\n`;
}

/** Changes `running` as a Step of the contract asks, and tells the drawer when it ends. */
function stepOf(running: Running, onEnd: () => void): Step {
  let ended = false;
  return {
    update: (done, total, note) => {
      running.done = done;
      running.total = total;
      if (note !== undefined) running.note = note;
    },
    end: (note) => {
      if (ended) return;
      ended = true;
      running.note = note;
      onEnd();
    },
  };
}

function plain(screen: Screen, now: () => number): TerminalProgress {
  const timers = new Set<NodeJS.Timeout>();
  return {
    start: (title, unit = "items") => {
      const running: Running = { title, unit, done: 0, total: 0, note: undefined, began: now() };
      const timer = setTimeout(() => screen.write(`  ${title} …\n`), ANNOUNCE_MS).unref();
      timers.add(timer);
      return stepOf(running, () => {
        clearTimeout(timer);
        timers.delete(timer);
        screen.write(lastingLine(running, now()));
      });
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function redrawing(screen: Screen, now: () => number): TerminalProgress {
  const active = new Set<Running>();
  let drawn = 0;
  let timer: NodeJS.Timeout | undefined;
  const erase = (): string => (drawn === 0 ? "" : `\x1b[${drawn}A\r\x1b[0J`);
  const draw = (lasting = ""): void => {
    const columns = (screen.columns ?? 100) - 1;
    const lines = [...active].map((step) => `${renderRunning(stateOf(step, now()), columns)}\n`);
    // One write per frame, so that nothing flickers.
    screen.write(`${erase()}${lasting}${lines.join("")}`);
    drawn = lines.length;
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    start: (title, unit = "items") => {
      const running: Running = { title, unit, done: 0, total: 0, note: undefined, began: now() };
      active.add(running);
      timer ??= setInterval(() => draw(), REDRAW_MS).unref();
      draw();
      return stepOf(running, () => {
        active.delete(running);
        draw(lastingLine(running, now()));
        if (active.size === 0) stop();
      });
    },
    close: () => {
      stop();
      if (drawn > 0) screen.write(erase());
      drawn = 0;
      active.clear();
    },
  };
}
