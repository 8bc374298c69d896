import { chmod, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { leftovers } from "./build/made-up-workshop.ts";
import { holdfast, runProgram } from "./build/run-program.ts";
import { openWorkFolder, warmCache } from "./build/warm-cache.ts";
import { ordinaryUser } from "./machine/ordinary-user.ts";

/** Long enough to be in the middle of the next step. */
const INTO_THE_STEP_MS = 300;
/** After the end of which step to interrupt; the command line reports steps when they end. */
const moments = ["", "pack initrd", "pack slot", "write disk image"];

test("Ctrl-C leaves no process, mount or half-written file, whatever the build was doing", async () => {
  await using work = await openWorkFolder("interrupted");
  const [cache, out] = [join(work.folder, "cache"), join(work.folder, "out")];
  await mkdir(out);
  await warmCache(cache, { debs: true, tools: true, node: true, apt: true });
  // With one cache, each build gets past what the one before had finished.
  for (const step of moments) {
    const { status, stderr } = await interruptAfter(step, cache, out);
    expect(status, `${step}: ${stderr}`).toBe(130);
    expect(stderr, step).toContain("holdfast: interrupted");
    expect(await readdir(out), step).toEqual([]);
    expect(await leftovers(work.folder), step).toEqual([]);
    // What was killed may take a moment to be gone.
    await expect.poll(() => processesOf(work.folder), { timeout: 5000, message: step }).toEqual([]);
    expect(await readFile("/proc/self/mountinfo", "utf8"), step).not.toContain(work.folder);
  }
});

test("Ctrl-C ends an ordinary user's engine in the middle of a Dockerfile, and the user can remove all that is left", async () => {
  // Not on the cache's disk: sockets have short addresses.
  const folder = await mkdtemp("/var/tmp/hf-");
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const user = await ordinaryUser(folder);
  const out = join(user.folder, "out");
  const program = [join(user.checkout, "packages/cli/src/main.ts"), "build", "--board", "generic-amd64", "--out", out];
  const ended = new AbortController();
  let sent: Promise<void> | undefined;
  const { status, stderr } = await runProgram([...program, "--preload", join(user.checkout, "examples/telemetry")], {
    ...user,
    env: { ...user.env, TMPDIR: user.folder },
    onError: (_text, pid) => {
      sent ??= containerOf(folder, ended.signal).then(() => void process.kill(pid, "SIGINT"));
    },
  });
  ended.abort();
  // A build that ends by itself was never interrupted: its own words say why.
  await sent?.catch(() => {});
  expect(status, stderr).toBe(130);
  expect(stderr).toContain("holdfast: interrupted");
  expect(await leftovers(user.folder)).toEqual([]);
  await expect.poll(() => processesOf(folder), { timeout: 5000 }).toEqual([]);
  expect(await readdir(join(user.folder, "cache/builder"))).toEqual([]);
  expect((await readdir(user.folder)).filter((name) => name.startsWith("holdfast-engine-"))).toEqual([]);
});

/** Returns when the engine below a folder runs a container: its shim names the engine's socket. */
async function containerOf(folder: string, signal: AbortSignal): Promise<void> {
  while (!(await processesOf(folder)).some((line) => line.includes("containerd-shim")))
    await pause(200, undefined, { signal });
  await pause(INTO_THE_STEP_MS);
}

async function interruptAfter(step: string, cache: string, out: string) {
  let sent = false;
  return await holdfast(["build", "--board", "generic-amd64", "--out", out], {
    env: { HOLDFAST_CACHE: cache },
    onError: (text, pid) => {
      if (sent || !text.split("\n").some((line) => line.trim().startsWith(step) && !line.endsWith("…"))) return;
      sent = true;
      // Only the command line itself gets it: what it started must not rely on the terminal's telling everybody.
      void pause(INTO_THE_STEP_MS).then(() => process.kill(pid, "SIGINT"));
    },
  });
}

/** Command lines of processes that have something to do with a folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (line.includes(folder) || environment.includes(`HOLDFAST_CACHE=${folder}`)) found.push(line);
  }
  return found;
}
