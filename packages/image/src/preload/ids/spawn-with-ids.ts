import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { ProgramFailed, reproducibleEnv, run } from "../../process/run.ts";
import type { IdMapping, IdNamespace } from "./id-mapping.ts";

type Program = ChildProcessByStdio<Writable, Readable, Readable>;

/** Says that the namespace is there, waits for its ids, and becomes the program; ends when whoever started it is gone. */
const WAIT_FOR_IDS = 'echo && read -r _ && exec "$@"';

/**
 * Starts a program as root of a user namespace, in this process's namespaces otherwise. The process that is returned is
 * the program's.
 * @throws ProgramFailed when the kernel refuses the namespace or its ids
 */
export async function spawnWithIds(ids: IdNamespace, argv: readonly string[]): Promise<Program> {
  const args = ["--user", "--", "sh", "-c", WAIT_FOR_IDS, "sh", ...argv];
  // A group of its own: killing bubblewrap's first process right after the start would leave its second one waiting.
  const child = spawn("unshare", args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...reproducibleEnv },
    detached: true,
  });
  // It may end before it reads.
  child.stdin.on("error", () => {});
  try {
    await isReady(child);
    await Promise.all([mapIds(ids, "uid", child.pid, ids.uids), mapIds(ids, "gid", child.pid, ids.gids)]);
  } catch (thrown) {
    child.kill("SIGKILL");
    throw thrown;
  }
  child.stdin.write("\n");
  return child;
}

async function isReady(child: Program): Promise<void> {
  const ready = once(child.stdout, "readable").then(() => child.stdout.read(1));
  const ended = once(child, "close").then(async ([status]) => {
    throw new ProgramFailed(["unshare"], typeof status === "number" ? status : null, await text(child.stderr));
  });
  ended.catch(() => {});
  if ((await Promise.race([ready, ended])) === null) await ended;
}

async function mapIds(ids: IdNamespace, kind: "uid" | "gid", pid: number | undefined, mappings: readonly IdMapping[]) {
  const numbers = mappings.map(({ inside, outside, count }) => [inside, outside, count].map(String));
  if (ids.ofOrdinaryUser) await run([`new${kind}map`, String(pid), ...numbers.flat()]);
  else await writeFile(`/proc/${pid}/${kind}_map`, numbers.map((line) => `${line.join(" ")}\n`).join(""));
}

/** Runs a program with other ids to its end. @throws ProgramFailed when it ends with another status than 0 */
export async function runWithIds(ids: IdNamespace, argv: readonly [string, ...string[]]): Promise<void> {
  const child = await spawnWithIds(ids, argv);
  child.stdout.resume();
  const [errors, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
  if (status !== 0) throw new ProgramFailed(argv, typeof status === "number" ? status : null, errors);
}

/** Removes a directory in which an engine wrote files of any of its ids. */
export async function removeWithIds(ids: IdNamespace, directory: string): Promise<void> {
  if (ids.ofOrdinaryUser) await runWithIds(ids, ["rm", "-rf", "--", directory]);
  else await rm(directory, { recursive: true, force: true });
}
