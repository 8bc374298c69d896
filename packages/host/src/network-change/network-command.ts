import type { Connections, NetworkAnswer, NetworkStatus } from "@holdfast/contracts/host";
import { parseJson } from "../config/json-text.ts";
import { isObject } from "../config/keys/value-parsers.ts";
import type { Machine } from "../machine/machine.ts";
import { beginTrial, DEFAULT_WINDOW, Refusal } from "./begin-trial.ts";
import { WISH } from "./run-trial.ts";
import { loadTrial, uptime } from "./trial-store.ts";

/** The watcher looks once a second; bringing former connections back takes longer. */
const MOST_WAIT_MS = 100_000;

export function networkStatus(machine: Machine): NetworkStatus {
  const trial = loadTrial(machine);
  if (trial === undefined) return { status: "none" };
  const { status, id, reason, until, changes } = trial;
  return {
    ...{ status, id, connections: Object.keys(changes) },
    ...(status === "trying" ? { secondsLeft: Math.max(0, Math.ceil(until - uptime(machine))) } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}

function isConnections(value: unknown): value is Connections {
  return isObject(value) && Object.values(value).every((text) => text === null || typeof text === "string");
}

function end(machine: Machine, wish: "confirm" | "revert", id: unknown): NetworkStatus {
  const trial = loadTrial(machine);
  if (trial?.status !== "trying" || (id !== undefined && id !== trial.id))
    throw new Refusal("host.no-network-change", "no such change waits to be confirmed");
  machine.makeDirectory("/run/holdfast");
  machine.writeText(WISH, `${trial.id} ${wish}\n`, 0o600);
  for (let waited = 0; waited < MOST_WAIT_MS && loadTrial(machine)?.status === "trying"; waited += 500)
    machine.sleep(500);
  return networkStatus(machine);
}

/** Answers one request in JSON: `{"verb": "apply" | "confirm" | "revert" | "status", …}`. Never throws for its content. */
export function answerRequest(machine: Machine, text: string): NetworkAnswer {
  const parsed = parseJson(text);
  const request = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  const { verb, connections, confirmWithin, id } = request;
  try {
    switch (verb) {
      case "status":
        return { ok: true, ...networkStatus(machine) };
      case "confirm":
      case "revert":
        return { ok: true, ...end(machine, verb, id) };
      case "apply":
        if (!isConnections(connections))
          throw new Refusal("host.invalid-connection", "connections is no object of file names and keyfiles");
        beginTrial(machine, connections, confirmWithin === undefined ? DEFAULT_WINDOW : Number(confirmWithin));
        return { ok: true, ...networkStatus(machine) };
      default:
        throw new Refusal("host.invalid-network-request", "the request is none that the device knows");
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, code: error.code, message: error.message };
  }
}

/** Where the supervisor puts requests, `NAME.request`, and finds `NAME.answer`. */
export const REQUESTS = "/tmp/balena-supervisor/network";

/** Answers all requests of the supervisor that wait. @returns the exit status */
export function answerRequests(machine: Machine): number {
  for (const name of (machine.list(REQUESTS) ?? []).filter((file) => file.endsWith(".request"))) {
    const path = `${REQUESTS}/${name}`;
    const text = machine.readText(path) ?? "";
    machine.remove(path);
    const answer = `${path.slice(0, -".request".length)}.answer`;
    machine.writeText(`${answer}.new`, JSON.stringify(answerRequest(machine, text)), 0o600);
    machine.rename(`${answer}.new`, answer);
  }
  return 0;
}

const usage = `Usage: holdfast-network status
       holdfast-network confirm | revert
       holdfast-network apply [--confirm-within SECONDS] FILE…    keyfiles of NetworkManager; each keeps its name
       holdfast-network request    one request as JSON on standard input`;

/** The command on the device. @returns the exit status: 1 when it is refused */
export function networkCommand(machine: Machine, args: readonly string[]): number {
  const [verb, ...rest] = args;
  const print = (answer: NetworkAnswer): number => {
    machine.log(JSON.stringify(answer));
    return answer.ok ? 0 : 1;
  };
  if (verb === "requests") return answerRequests(machine);
  if (verb === "request") return print(answerRequest(machine, machine.readText("/dev/stdin") ?? ""));
  if (verb === "status" || verb === "confirm" || verb === "revert")
    return print(answerRequest(machine, JSON.stringify({ verb })));
  const isTimed = rest[0] === "--confirm-within";
  const files = isTimed ? rest.slice(2) : rest;
  if (verb !== "apply" || files.length === 0) {
    machine.log(usage);
    return 2;
  }
  const contents = files.map((file) => [file.slice(file.lastIndexOf("/") + 1), machine.readText(file)] as const);
  const missing = contents.find(([, text]) => text === undefined);
  if (missing !== undefined) {
    machine.log(`${missing[0]}: cannot be read`);
    return 2;
  }
  const connections = Object.fromEntries(contents);
  const within = isTimed ? { confirmWithin: Number(rest[1]) } : {};
  return print(answerRequest(machine, JSON.stringify({ verb, connections, ...within })));
}
