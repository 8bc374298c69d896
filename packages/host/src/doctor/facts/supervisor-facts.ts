import { SUPERVISOR_SETTINGS, type SupervisorSettings, supervisorSettings } from "../../config/areas/supervisor.ts";
import { parseJson } from "../../config/json-text.ts";
import { isObject } from "../../config/keys/value-parsers.ts";
import type { Machine } from "../../machine/machine.ts";
import { saidBy } from "../probe/answer-of.ts";
import { type Answers, type Probe, shellProbe } from "../probe/probe.ts";

/** What the supervisor says of itself over its device API. */
export type SupervisorAnswers = {
  /** It answers `/ping`. */
  readonly answers: boolean;
  /** `/v1/healthy`. */
  readonly isHealthy: boolean;
  /** `applied`, `applying`; undefined when it does not tell. */
  readonly appState: string | undefined;
};

/** The supervisor keeps the key of its owner there. */
const SETTINGS = "/mnt/data/resin-data/balena-supervisor/settings.json";
/** The key goes from file to curl: it stands in no list of processes. */
const ASK_STATE = `key=$(sed -n 's/.*"globalKey":"\\([A-Za-z0-9_]*\\)".*/\\1/p' ${SETTINGS})
printf 'header = "Authorization: Bearer %s"\\n' "$key" | curl --silent --fail --max-time 8 --config - "$1/v2/state/status"`;

function apiOf(machine: Machine): string {
  const text = machine.readText(SUPERVISOR_SETTINGS);
  const { port } = text === undefined ? supervisorSettings({}) : (JSON.parse(text) as SupervisorSettings);
  return `http://127.0.0.1:${port}`;
}

export function supervisorProbes(machine: Machine): readonly Probe[] {
  const api = apiOf(machine);
  const ask = (name: string, path: string): Probe => ({
    name,
    argv: ["curl", "--silent", "--fail", "--max-time", "8", `${api}${path}`],
  });
  return [ask("ping", "/ping"), ask("healthy", "/v1/healthy"), shellProbe("app-state", ASK_STATE, api)];
}

export function readSupervisor(answers: Answers): SupervisorAnswers {
  const state = parseJson(saidBy(answers, "app-state") ?? "");
  const { appState } = state.ok && isObject(state.value) ? state.value : {};
  return {
    answers: saidBy(answers, "ping") !== undefined,
    isHealthy: saidBy(answers, "healthy") !== undefined,
    appState: typeof appState === "string" ? appState : undefined,
  };
}
