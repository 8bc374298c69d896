import { parseSupervisorSigns, readJsonObject, SUPERVISOR_SIGNS } from "@holdfast/contracts/host";
import type { Machine } from "../machine/machine.ts";
import { keepChoice, readChoice } from "./choice-store.ts";
import { confirmTrial } from "./decide-start.ts";
import { sweepImages } from "./ensure-container.ts";
import { firstWatch, judgeTrial, type TrialWatch } from "./judge-trial.ts";
import { forgiveStarts, neededImages, refuse } from "./supervisor-update.ts";

const SIGNS = `/tmp/balena-supervisor/${SUPERVISOR_SIGNS}`;

/** What a former run said of itself is no sign of the next one. */
export const forgetSigns = (machine: Machine): void => machine.remove(SIGNS);

/** Whether the device API answers a path with success. */
export function answersAt(machine: Machine, port: number, path: string): boolean {
  const url = `http://127.0.0.1:${port}${path}`;
  return machine.run(["curl", "--silent", "--fail", "--output", "/dev/null", "--max-time", "10", url]).status === 0;
}

/** Any answer counts: what the host is told, the supervisor would be told, too. */
function isServerReachable(machine: Machine): boolean {
  const { apiEndpoint } = readJsonObject(machine.readText("/mnt/boot/config.json"));
  if (typeof apiEndpoint !== "string" || !/^https?:/.test(apiEndpoint)) return false;
  const url = `${apiEndpoint.replace(/\/+$/, "")}/ping`;
  return (
    machine.run(["curl", "--silent", "--output", "/dev/null", "--max-time", "10", url], { quiet: true }).status === 0
  );
}

export type Watched = { readonly slot: string; readonly id: string; readonly port: number };

/** Follows one run of a supervisor on trial. */
export class TrialWatcher {
  readonly #machine: Machine;
  readonly #watched: Watched;
  #watch: TrialWatch;
  #isForgiven = false;

  constructor(machine: Machine, watched: Watched) {
    this.#machine = machine;
    this.#watched = watched;
    this.#watch = firstWatch(machine.now());
  }

  /** Looks once. `confirmed` and `refused` are on the disk when told, or will be looked at again. */
  look(answers: boolean): "wait" | "confirmed" | "refused" {
    const machine = this.#machine;
    const { slot, id, port } = this.#watched;
    const { trial } = readChoice(machine, slot);
    // Somebody removed the record: what runs is no one's choice any more.
    if (trial === undefined || trial.id !== id) return "refused";
    const said = parseSupervisorSigns(machine.readText(SIGNS));
    const own = said?.id === id ? said : undefined;
    const signs = {
      answers,
      isHealthy: answers && answersAt(machine, port, "/v1/healthy"),
      hasLooked: own?.hasLooked === true,
      server: own?.server ?? "silent",
      isServerReachable: () => isServerReachable(machine),
    };
    const { watch, verdict } = judgeTrial(this.#watch, signs, { now: machine.now(), needsServer: trial.needsServer });
    this.#watch = watch;
    if (verdict === "confirmed") return this.#confirm() ? "confirmed" : "wait";
    if (typeof verdict === "object") {
      refuse(machine, slot, verdict.refused);
      return "refused";
    }
    if (verdict === "settled" && !this.#isForgiven) {
      machine.log("the supervisor on trial is well, and waits for its server");
      forgiveStarts(machine, slot);
      this.#isForgiven = true;
    }
    return "wait";
  }

  #confirm(): boolean {
    const machine = this.#machine;
    const { slot, id } = this.#watched;
    const choice = confirmTrial(readChoice(machine, slot));
    if (!keepChoice(machine, choice)) return false;
    machine.log(`supervisor ${choice.confirmed?.version ?? ""} is confirmed`);
    sweepImages(machine, neededImages(machine, id));
    return true;
  }
}
