import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { repositoryRoot } from "@holdfast/cli";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

type Outcome = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "holdfast-cli-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function holdfast(...args: string[]): Promise<Outcome> {
  const child = spawn(path.join(repositoryRoot, "holdfast"), args, { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  const [status] = await once(child, "close");
  return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** Processor time that the launcher and all that it starts use, in milliseconds. */
async function cpuMillis(...args: string[]): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null';
  const child = spawn("bash", ["-c", script, "bash", path.join(repositoryRoot, "holdfast"), ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const text: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => text.push(chunk));
  await once(child, "close");
  const [user, system] = Buffer.concat(text).toString().trim().split(" ").map(Number);
  return 1000 * ((user ?? Number.NaN) + (system ?? Number.NaN));
}

describe("the command line", () => {
  it("shows its help at once", async () => {
    const times = [];
    for (let round = 0; round < 5; round++) times.push(await cpuMillis("--help"));
    // Processor time, the best of five: nothing is waited for, so on an idle machine this is the time to the output.
    expect(Math.min(...times)).toBeLessThan(300);
  });

  it.each([
    [["biuld"], "Did you mean build?", "cli.usage"],
    [["build", "--board", "generic-amd46"], "Did you mean generic-amd64?", "image.unknown-board"],
    [["build", "--variant", "produktion"], "Did you mean production?", "image.unknown-variant"],
    [["layers", "netwrok"], "Did you mean network?", "image.unknown-layer"],
    [["build", "--bord", "x"], "Did you mean --board?", "cli.usage"],
    [["vm", "ssh", "no-such-device"], "hint: ", "cli.unknown-device"],
  ])("refuses %j with a hint, a code and status 2", async (args, hint, code) => {
    const { status, stderr, stdout } = await holdfast(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(hint);
    expect(stderr).toContain(`code: ${code}`);
  });

  it("prints one JSON value with --json, also for errors", async () => {
    expect(JSON.parse((await holdfast("boards", "--json")).stdout)).toHaveLength(2);
    const failure = await holdfast("layers", "netwrok", "--json");
    expect(JSON.parse(failure.stdout)).toMatchObject({ error: { code: "image.unknown-layer" } });
  });

  it("refuses a config.json that is none before anything is built", async () => {
    const [config, out] = [path.join(directory, "config.json"), path.join(directory, "never")];
    await writeFile(config, "{ not json");
    const { status, stderr } = await holdfast("build", "--config", config, "--out", out);
    expect(status).toBe(1);
    expect(stderr).toContain("code: image.invalid-config");
    expect(await readdir(directory)).not.toContain("never");
  });
});
