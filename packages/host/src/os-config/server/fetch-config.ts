import type { Machine } from "../../machine/machine.ts";
import type { Endpoint } from "./endpoint.ts";

/** A tunnel's configuration and a certificate are a few kilobytes. */
const LARGEST_ANSWER = 1024 * 1024;
const CONNECT_SECONDS = 20;
const TOTAL_SECONDS = 60;

export type Fetched = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string };

const quote = (value: string): string => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** What curl reads from its standard input, where no other process sees it. Pure. */
export function curlConfig(endpoint: Endpoint, deviceApiKey: string): string {
  const options: readonly (readonly [string, string])[] = [
    ["url", `${endpoint.url}/os/v1/config`],
    ["header", `Authorization: Bearer ${deviceApiKey}`],
    ["header", "Accept: application/json"],
    ["proto", "=http,https"],
    // A server that moved may say so, but never lead to a place where others can read the answer. curl itself sends
    // the key to the first host only.
    ["proto-redir", endpoint.isEncrypted ? "=https" : "=http,https"],
    ["max-redirs", "5"],
    ["connect-timeout", String(CONNECT_SECONDS)],
    ["max-time", String(TOTAL_SECONDS)],
    ["max-filesize", String(LARGEST_ANSWER)],
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
export function fetchServerConfig(machine: Machine, endpoint: Endpoint, deviceApiKey: string): Fetched {
  const input = curlConfig(endpoint, deviceApiKey);
  const { status: ended, output } = machine.run(["curl", "--disable", "--config", "-"], { input, quiet: true });
  const cut = output.lastIndexOf("\n");
  const [, code = "0", trouble = ""] = /^(\d+) ?(.*)$/.exec(output.slice(cut + 1)) ?? [];
  if (ended !== 0) return { ok: false, reason: trouble === "" ? `curl ended with status ${ended}` : trouble };
  const status = Number(code);
  if (status !== 200) return { ok: false, reason: `status ${status}: ${explain(status)}` };
  return { ok: true, text: output.slice(0, cut) };
}
