import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Paths } from "../device/paths.ts";
import { jsonLines } from "../engine/json-lines.ts";
import { readIfThere } from "../storage/durable-file.ts";
import { writeVolatile } from "../storage/volatile-file.ts";
import { type FindService, HOST_UNITS, type JournalEntry, logMessageOf, parseJournalEntry } from "./journal-entry.ts";
import type { LogMessage, LogSource, LogStart } from "./log-message.ts";

export type JournalSourceOptions = {
  /** Program and first arguments that stand for `journalctl` of the host. */
  readonly command: readonly string[];
  /** Directory in memory where the place of the last line is kept over restarts. */
  readonly runtimeDir: string;
  readonly findService: FindService;
  readonly now: () => number;
};

/** The engine's unit: what containers print is its (compat 9). */
const UNITS = ["balena.service", ...HOST_UNITS];
const FIELDS = ["MESSAGE", "PRIORITY", "CONTAINER_ID_FULL", "CONTAINER_NAME", "_SYSTEMD_UNIT"];
/** A crash repeats the lines of so long at most. */
const SAVE_EVERY_MS = 5000;
const MAX_COMPLAINT = 500;

/** The host's own `journalctl`, entered through its root: journal files are read best by the program that wrote them. */
export function hostJournalctl(rootMount: string): readonly string[] {
  return [join(rootMount, "usr/sbin/chroot"), rootMount, "/usr/bin/journalctl"];
}

/** The program that stands for the host's journalctl: a test's own, or the host's. */
export function journalctlOf({ journalctl, rootMount }: Pick<Paths, "journalctl" | "rootMount">): readonly string[] {
  return journalctl === undefined ? hostJournalctl(rootMount) : [journalctl];
}

/** What journalctl is asked for: what comes from now on, or after the cursor; without one, all of this boot. Pure. */
export function journalArguments(cursor: string | undefined, start: LogStart): readonly string[] {
  const last = ["--no-tail", cursor === undefined ? "--boot" : `--after-cursor=${cursor}`];
  return [
    ...["--all", "--follow", "--output=json", `--output-fields=${FIELDS.join(",")}`],
    ...(start === "now" ? ["--lines=0"] : last),
    ...UNITS.map((unit) => `_SYSTEMD_UNIT=${unit}`),
  ];
}

/** Lines of the journal. The place is kept, so that neither a restart of the supervisor nor one of journald loses lines. */
export class JournalSource implements LogSource {
  readonly #options: JournalSourceOptions;
  readonly #path: string;
  /** Undefined: not looked for yet. */
  #cursor: string | undefined;
  #savedAt = 0;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.#path = join(options.runtimeDir, "log-position");
  }

  /** @throws when journalctl cannot be started or fails */
  async *lines(start: LogStart, signal: AbortSignal): AsyncGenerator<LogMessage> {
    this.#cursor ??= (await readIfThere(this.#path).catch(() => undefined)) ?? "";
    const [program = "", ...first] = this.#options.command;
    const asked = journalArguments(this.#cursor === "" ? undefined : this.#cursor, start);
    const child = spawn(program, [...first, ...asked], { stdio: ["ignore", "pipe", "pipe"] });
    let isEmpty = true;
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT);
    });
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code) => resolve(complaint.trim() || `journalctl ended with status ${code}`));
    });
    const stop = (): void => void child.kill("SIGKILL");
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      for await (const value of jsonLines(child.stdout)) {
        const entry = parseJournalEntry(value);
        if (entry === undefined) continue;
        isEmpty = false;
        const message = logMessageOf(entry, this.#options.findService);
        if (message !== undefined) yield message;
        await this.#note(entry);
      }
      if (signal.aborted) return;
      // journalctl refuses a place that it cannot make out: rather all of this boot again than nothing any more.
      if (isEmpty) this.#cursor = "";
      throw new Error(await ended);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
      await this.#save();
    }
  }

  async #note({ __CURSOR: cursor }: JournalEntry): Promise<void> {
    this.#cursor = cursor ?? this.#cursor;
    if (this.#options.now() - this.#savedAt >= SAVE_EVERY_MS) await this.#save();
  }

  async #save(): Promise<void> {
    this.#savedAt = this.#options.now();
    try {
      await writeVolatile(this.#path, this.#cursor ?? "");
    } catch {
      // Without it a restart repeats the lines of this boot: better than to stop reading.
    }
  }
}
