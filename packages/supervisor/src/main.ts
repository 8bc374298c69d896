import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { systemClock } from "./clock.ts";
import { readPaths } from "./device/paths.ts";
import { dockerEngine } from "./engine/docker-engine.ts";
import { RegistryLogin } from "./engine/registry-login.ts";
import { collectWhenIdle } from "./idle-collection.ts";
import { consoleLog } from "./log.ts";
import { Supervisor } from "./supervisor.ts";

/** The version in the package.json beside the bundle. */
function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "0.0.0";
}

const ownProcess = {
  clock: systemClock,
  cpuMs: (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  heapBytes: (): number => getHeapStatistics().used_heap_size,
  // Exposed by a flag in node-start.ts. The last resort is what V8 does before it gives up for want of memory: it gives
  // empty pages back, and the bytecode of what has not run for long.
  collect: (): void => void globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" }),
};

/** Starts the agent; SIGTERM and SIGINT end it at once, apps go on. As process 1, nobody else would handle them. */
async function main(): Promise<void> {
  const log = consoleLog();
  const paths = readPaths(process.env);
  const registryLogin = new RegistryLogin();
  const engine = dockerEngine(paths.engineSocket, registryLogin);
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  const supervisor = await Supervisor.open({
    engine,
    registryLogin,
    paths,
    openApiFile: join(import.meta.dirname, "openapi.json"),
    version: paths.version ?? packageVersion(),
    log,
  });
  void collectWhenIdle(ownProcess, stop.signal);
  await supervisor.run(stop.signal);
  log.info("Supervisor stops; apps keep running");
  process.exit(0);
}

// A rejection ends the process with its stack, as it should: nothing else awaits it.
void main();
