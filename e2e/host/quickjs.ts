import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ToolCommand } from "@holdfast/contracts";
import { bundleHostPrograms } from "@holdfast/host";
import { cacheRoot, fetchDebs, findMirror, resolvePackages, toolCommand, toolsTree } from "@holdfast/image";
import { openDebs } from "../../packages/image/src/deb/index.ts";

const LIMIT_MS = 120_000;

export type Ran = { readonly status: number | null; readonly output: string };

/** The host programs under the interpreter that the device has, on a device made of empty directories. */
export class QuickJs implements AsyncDisposable {
  readonly folder: string;
  readonly programs: readonly string[];
  readonly #command: ToolCommand;

  private constructor(folder: string, programs: readonly string[], command: ToolCommand) {
    this.folder = folder;
    this.programs = programs;
    this.#command = command;
  }

  static async prepare(): Promise<QuickJs> {
    const cache = cacheRoot(process.env);
    const mirror = await findMirror(process.env);
    const tree = await toolsTree({ cache, mirror });
    const wanted = await resolvePackages({ arch: "amd64", requested: ["quickjs"], cache, mirror });
    const { lock } = await fetchDebs(wanted, { cache, mirror });
    const debs = await openDebs(
      cache,
      lock.packages.filter(({ name }) => name === "quickjs"),
    );
    const entry = debs.flatMap(({ entries }) => entries).find(({ path }) => path === "usr/bin/qjs")?.entry;
    if (entry?.type !== "file" || entry.content.kind !== "range") throw new Error("quickjs brings no usr/bin/qjs");
    const folder = await mkdtemp(join(tmpdir(), "holdfast-host-"));
    await using tar = await open(entry.content.file, "r");
    const bytes = new Uint8Array(entry.content.size);
    await tar.read(bytes, 0, bytes.length, entry.content.offset);
    await writeFile(join(folder, "qjs"), bytes, { mode: 0o755 });
    const bundles = await bundleHostPrograms();
    for (const [name, bundle] of bundles) await writeFile(join(folder, `${name}.js`), bundle);
    return new QuickJs(folder, [...bundles.keys()], toolCommand(tree));
  }

  /** Runs a shell script as root of a device whose /mnt, /run, /root and /etc/ssh are empty; `host NAME` runs a program. */
  device(script: string): Ran {
    const [program, args] = this.#inside(script);
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: LIMIT_MS });
    return { status, output: stdout + stderr };
  }

  /** The same, while this process goes on: for programs that ask a server of the test. */
  deviceMeanwhile(script: string): Promise<Ran> {
    const [program, args] = this.#inside(script);
    const child = spawn(program, args, { timeout: LIMIT_MS, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (status) => resolve({ status, output }));
    });
  }

  #inside(script: string): [program: string, args: readonly string[]] {
    const prelude = [
      "set -e",
      "for place in /mnt /root /etc/ssh; do mount -t tmpfs tmpfs $place; done",
      `mkdir -p /tmp/holdfast-run && mount -t tmpfs tmpfs /run && mkdir -p /run/holdfast /mnt/boot /mnt/state /mnt/data`,
      `host() { name=$1; shift; ${this.folder}/qjs --std -m ${this.folder}/$name.js "$@"; }`,
    ].join("\n");
    const argv = this.#command(["unshare", "-r", "-m", "-u", "sh", "-c", `${prelude}\n${script}`]);
    const [program = "", ...args] = argv;
    return [program, args];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
