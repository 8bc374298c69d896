import type { Machine } from "../machine/machine.ts";
import { askEngine, readAnswer } from "./engine-api.ts";

/** An app that asks for a longer grace than this is killed: a device that is shut down must come down. */
const CAP_SECONDS = 60;

/**
 * At shutdown: stops every container with its own signal and grace, all at once. With live-restore the engine leaves
 * them running, and they would be killed with the power.
 */
export function stopApps(machine: Machine): number {
  const running =
    readAnswer<readonly { readonly Id: string }[]>(askEngine(machine, { path: "/containers/json" })) ?? [];
  if (running.length === 0) return 0;
  const urls = running.flatMap(({ Id }) => ["--output", "/dev/null", `http://engine/v1.45/containers/${Id}/stop`]);
  machine.run([
    "curl",
    "--silent",
    "--parallel",
    "--parallel-immediate",
    "--parallel-max",
    "100",
    "--unix-socket",
    "/run/docker.sock",
    "--max-time",
    String(CAP_SECONDS),
    "--request",
    "POST",
    ...urls,
  ]);
  machine.log(`stopped ${running.length} containers`);
  return 0;
}
