import { parseJson } from "../../config/json-text.ts";
import { isObject, type Json } from "../../config/keys/value-parsers.ts";
import { saidBy } from "../probe/answer-of.ts";
import { type Answers, type Probe, shellProbe } from "../probe/probe.ts";

export type Container = {
  readonly name: string;
  /** The engine's word: running, restarting, exited … */
  readonly state: string;
  readonly isUnhealthy: boolean;
};
/** Undefined when the engine does not answer. */
export type EngineAnswer = { readonly version: string; readonly containers: readonly Container[] } | undefined;

const SOCKET = "/run/docker.sock";
/** The socket starts an engine that is stopped: nobody asks a doctor to change anything. */
const ASK = `systemctl is-active --quiet balena.service || exit 3
exec curl --silent --fail --max-time 8 --unix-socket ${SOCKET} "http://engine$1"`;

export const engineProbes: readonly Probe[] = [
  shellProbe("engine", ASK, "/version"),
  // The list has no container's environment, where secrets are.
  shellProbe("containers", ASK, "/containers/json?all=1"),
];

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function containerOf(json: Json): Container {
  const { Names: names, State: state, Status: status } = json;
  const [name] = Array.isArray(names) ? names : [];
  return {
    name: textOf(name).replace(/^\//, ""),
    state: textOf(state),
    isUnhealthy: textOf(status).includes("(unhealthy)"),
  };
}

/** Answers of `/version` and `/containers/json`; undefined when either is missing or none. Pure. */
export function parseEngine(version: string | undefined, containers: string | undefined): EngineAnswer {
  const [about, list] = [parseJson(version ?? ""), parseJson(containers ?? "")];
  if (!about.ok || !isObject(about.value) || !list.ok || !Array.isArray(list.value)) return undefined;
  return { version: textOf(about.value["Version"]), containers: list.value.filter(isObject).map(containerOf) };
}

export const readEngine = (answers: Answers): EngineAnswer =>
  parseEngine(saidBy(answers, "engine"), saidBy(answers, "containers"));
