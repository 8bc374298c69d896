import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { run } from "../process/run.ts";
import { type Mirror, mirrorFromSetting, mirrorFromSources, proxiesFromAptConfig } from "./mirror.ts";

/**
 * The mirror to use on this machine: HOLDFAST_MIRROR if set, else what the machine's own apt uses, else Debian's public
 * one; with the proxies that apt is configured for.
 * @throws `image.invalid-mirror`
 */
export async function findMirror(env: Readonly<Record<string, string | undefined>>): Promise<Mirror> {
  const setting = env["HOLDFAST_MIRROR"];
  const mirror =
    setting !== undefined && setting.trim() !== ""
      ? mirrorFromSetting(setting)
      : mirrorFromSources(await readSources("/etc/apt"));
  return { ...mirror, proxies: await readProxies(env) };
}

async function readSources(directory: string): Promise<string[]> {
  const parts = path.join(directory, "sources.list.d");
  const names = await readdir(parts).catch(() => []);
  const files = [
    ...names.filter((name) => /\.(sources|list)$/.test(name)).map((name) => path.join(parts, name)),
    path.join(directory, "sources.list"),
  ];
  return Promise.all(files.sort().map((file) => readFile(file, "utf8").catch(() => "")));
}

async function readProxies(env: Readonly<Record<string, string | undefined>>): Promise<Record<string, string>> {
  const configured = await run(["apt-config", "dump"]).then(
    ({ stdout }) => proxiesFromAptConfig(stdout),
    () => ({}),
  );
  const fromEnv: Record<string, string> = {};
  // apt itself honours these two when its configuration names no proxy.
  for (const scheme of ["http", "https"]) {
    const uri = env[`${scheme}_proxy`];
    if (uri !== undefined && uri !== "") fromEnv[scheme] = uri;
  }
  return { ...fromEnv, ...configured };
}
