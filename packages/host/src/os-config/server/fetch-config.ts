import type { Machine } from "../../machine/machine.ts";
import type { Endpoint } from "./endpoint.ts";

/** What is asked of the fleet server, and what its answer may cost. */
export type ServerQuestion = {
  /** From its slash on. */
  readonly path: string;
  /** Bytes. */
  readonly largestAnswer: number;
  readonly connectSeconds: number;
  readonly totalSeconds: number;
};

/** A tunnel's configuration and a certificate are a few kilobytes. */
const SERVICES: ServerQuestion = {
  path: "/os/v1/config",
  largestAnswer: 1024 * 1024,
  connectSeconds: 20,
  totalSeconds: 60,
};

export type Fetched = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

const quote = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** What curl reads from its standard input, where no other process sees it. Pure. */
export function curlConfig(endpoint: Endpoint, deviceApiKey: string, question = SERVICES): string {
  const options: readonly (readonly [string, string])[] = [
    ["url", `${endpoint.url}${question.path}`],
    ["header", `Authorization: Bearer ${deviceApiKey}`],
    ["header", "Accept: application/json"],
    ["proto", "=http,https"],
    // A server that moved may say so, but never lead to a place where others can read the answer. curl itself sends
    // the key to the first host only.
    ["proto-redir", endpoint.isEncrypted ? "=https" : "=http,https"],
    ["max-redirs", "5"],
    ["connect-timeout", String(question.connectSeconds)],
    ["max-time", String(question.totalSeconds)],
    ["max-filesize", String(question.largestAnswer)],
    ["write-out", "\\n%{http_code} %{errormsg}"],
  ];
  return `silent\nlocation\n${options.map(([name, value]) => `${name} = ${quote(value)}\n`).join("")}`;
}

/** What a person can do about a refusal. */
function explain(status: number): string {
  if (status === 401 || status === 403)
    return "the server does not know this device's key (not registered yet, or removed)";
  if (status === 404) return "the server has no such address: is apiEndpoint right?";
  if (status === 429 || status >= 500) return "the server is in trouble";
  return "not what a fleet server answers";
}

/** Asks the server for the configuration of this device's services. Never throws: every trouble is a reason. */
export const fetchServerConfig = (machine: Machine, endpoint: Endpoint, deviceApiKey: string): Fetched =>
  askServer(machine, endpoint, deviceApiKey, SERVICES);

/** Asks the server as this device. Never throws: every trouble is a reason. */
export function askServer(machine: Machine, endpoint: Endpoint, key: string, question: ServerQuestion): Fetched {
  const input = curlConfig(endpoint, key, question);
  const { status: ended, output } = machine.run(["curl", "--disable", "--config", "-"], { input, quiet: true });
  const cut = output.lastIndexOf("\n");
  const [, code = "0", trouble = ""] = /^(\d+) ?(.*)$/.exec(output.slice(cut + 1)) ?? [];
  if (ended !== 0) return { ok: false, reason: trouble === "" ? `curl ended with status ${ended}` : trouble };
  const status = Number(code);
  if (status !== 200) return { ok: false, reason: `status ${status}: ${explain(status)}` };
  return { ok: true, text: output.slice(0, cut) };
}
