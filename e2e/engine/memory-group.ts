import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "@holdfast/contracts";

const ROOT = "/sys/fs/cgroup";
/** Where the kernel has the first version of control groups, memory has a tree of its own. */
const FIRST_VERSION = join(ROOT, "memory");
/** A process that was killed leaves its group a moment later. */
const LEAVE_TRIES = 100;
let made = 0;

/** A control group that bounds the memory of what is started in it, as systemd's MemoryMax= does; beyond it the kernel kills. */
export class MemoryGroup {
  readonly #directory: string;
  readonly #peakFile: string;

  private constructor(directory: string, peakFile: string) {
    this.#directory = directory;
    this.#peakFile = peakFile;
  }

  /** @throws when this machine lets nobody make one, with the reason */
  static make(limitBytes: number): MemoryGroup {
    made += 1;
    const name = `holdfast-${process.pid}-${made}`;
    try {
      if (existsSync(FIRST_VERSION))
        return MemoryGroup.#make(join(FIRST_VERSION, name), "memory.limit_in_bytes", limitBytes);
      writeFileSync(join(ROOT, "cgroup.subtree_control"), "+memory");
      return MemoryGroup.#make(join(ROOT, name), "memory.max", limitBytes);
    } catch (error) {
      throw new Error(
        `no control group can bound memory here (${messageOf(error)}): run this as root, outside containers`,
      );
    }
  }

  static #make(directory: string, limitFile: string, limitBytes: number): MemoryGroup {
    mkdirSync(directory);
    writeFileSync(join(directory, limitFile), String(limitBytes));
    const peak = limitFile === "memory.max" ? "memory.peak" : "memory.max_usage_in_bytes";
    return new MemoryGroup(directory, join(directory, peak));
  }

  /** A command that starts the program in the group; its process id stays the same. */
  enter(program: string, args: readonly string[]): readonly [string, readonly string[]] {
    return ["sh", ["-c", 'echo $$ >"$0" && exec "$@"', join(this.#directory, "cgroup.procs"), program, ...args]];
  }

  /** The most that was charged to it, with the pages of files that it was the first to read. */
  peakBytes(): number {
    return Number(readFileSync(this.#peakFile, "utf8"));
  }

  /** Kills what still runs in it, and removes it. */
  async end(): Promise<void> {
    for (let tries = 0; tries < LEAVE_TRIES && existsSync(this.#directory); tries += 1) {
      for (const pid of this.#members()) killIfThere(pid);
      try {
        rmdirSync(this.#directory);
      } catch {
        await sleep(20);
      }
    }
  }

  #members(): readonly number[] {
    try {
      return readFileSync(join(this.#directory, "cgroup.procs"), "utf8").trim().split("\n").filter(Boolean).map(Number);
    } catch {
      return [];
    }
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
