import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheRoot, findMirror, stage, toolsTree } from "@holdfast/image";

/** What is installed, and how npm reads it. */
const FILES = ["package.json", "package-lock.json", ".npmrc"];
const SOURCE = join(import.meta.dirname, "npm");
/** See there what it stands in for. */
const PARSER = join(import.meta.dirname, "compose-parser.mjs");

/**
 * The directory in the cache where balena-cli of our lock is installed, as npm gives it to everybody: about 57,000 files
 * in 450 MB, which the installation of this checkout does without. Whoever asks first installs; interrupted, nothing of it
 * stays. Scripts of packages are not run: the one that matters downloads the parser of compose files, see `PARSER`.
 * @throws when npm cannot be run or fails; what it said is on stderr
 */
export async function installedBalenaCli(): Promise<string> {
  const cache = cacheRoot(process.env);
  const compose = await toolsTree({ name: "compose", cache, mirror: await findMirror(process.env) });
  const texts = [...FILES.map((name) => join(SOURCE, name)), PARSER].map((file) => readFileSync(file, "utf8"));
  return await stage({ cache, name: "balena-cli", inputs: [texts, compose.key] }, async (directory) => {
    process.stderr.write("Installing balena-cli into the cache (500 MB, once, about two minutes) ...\n");
    for (const name of FILES) await copyFile(join(SOURCE, name), join(directory, name));
    await runNpm(directory);
    const programs = join(directory, "node_modules/@balena/compose-parser/bin");
    await mkdir(programs);
    await copyFile(join(compose.root, "usr/bin/docker-compose"), join(programs, "docker-compose"));
    await copyFile(PARSER, join(programs, "balena-compose-parser"));
  });
}

async function runNpm(directory: string): Promise<void> {
  // The Node that runs this comes first, so that npm judges by it.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` };
  const args = ["ci", "--ignore-scripts", "--omit=dev", "--loglevel=error"];
  const npm = spawn("npm", args, { cwd: directory, env, stdio: ["ignore", "inherit", "inherit"] });
  const [status] = await once(npm, "close");
  if (status !== 0) throw new Error(`npm ${args.join(" ")} ended with status ${String(status)}; see what it printed`);
}
