import { judgeProxy, type ProxySettings } from "@holdfast/contracts/host";
import { fingerprint } from "../engine/fnv64.ts";
import { exists, type Machine } from "../machine/machine.ts";
import { dnsJump, JUMPS, parseNoProxy, proxyRules } from "./proxy-rules.ts";

const PROXY_FOLDER = "/mnt/boot/system-proxy";
export const REDSOCKS_CONF = `${PROXY_FOLDER}/redsocks.conf`;
export const NO_PROXY = `${PROXY_FOLDER}/no_proxy`;
/** What redsocks runs with; its unit hands it over as a credential. Passwords are in it. */
export const RUNNING_CONF = "/run/holdfast/redsocks.conf";
const SEEN = "/run/holdfast/proxy-seen";
/** Somebody may still write: it must be the same for this long. */
const STILL_MS = 500;
const MOST_LOOKS = 10;
const LARGEST_BYTES = 64 * 1024;

type Look = { readonly conf: string | undefined; readonly noProxy: string };

function look(machine: Machine): Look {
  return {
    conf: exists(machine, REDSOCKS_CONF) ? (machine.readText(REDSOCKS_CONF) ?? "") : undefined,
    noProxy: machine.readText(NO_PROXY) ?? "",
  };
}

const isSame = (a: Look, b: Look): boolean => a.conf === b.conf && a.noProxy === b.noProxy;

function settledLook(machine: Machine): Look {
  let seen = look(machine);
  for (let round = 1; round < MOST_LOOKS; round += 1) {
    machine.sleep(STILL_MS);
    const next = look(machine);
    if (isSame(seen, next)) break;
    seen = next;
  }
  return seen;
}

/** The hosts of no_proxy that have names. One that has no address now is asked for again by the next look. */
function resolveAll(machine: Machine, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const { output } = machine.run(["timeout", "5", "getent", "ahostsv4", name], { quiet: true });
    return [...new Set(output.split("\n").flatMap((line) => /^[\d.]+/.exec(line)?.[0] ?? []))].sort();
  });
}

function hasJump(machine: Machine, jump: readonly string[]): boolean {
  return machine.run(["iptables", "--wait", "5", "-t", "nat", "-C", ...jump], { quiet: true }).status === 0;
}

/** The chains are replaced in one transaction; then they are hung in, or out. */
function applyRules(machine: Machine, settings: ProxySettings | undefined, bypass: readonly string[]): boolean {
  const input = proxyRules(settings, bypass);
  if (machine.run(["iptables-restore", "--wait", "5", "--noflush"], { input }).status !== 0) return false;
  return [...JUMPS, dnsJump()].every((jump) => {
    const isThere = hasJump(machine, jump);
    if (isThere === (settings !== undefined)) return true;
    const verb = isThere ? "-D" : "-I";
    const [chain = "", ...match] = jump;
    const place = isThere ? [chain] : [chain, "1"];
    return machine.run(["iptables", "--wait", "5", "-t", "nat", verb, ...place, ...match]).status === 0;
  });
}

/** Without the file: rules first, so that nothing is sent to a program that is about to end. */
function endProxy(machine: Machine): number {
  const isRuled = machine.run(["iptables", "--wait", "5", "-t", "nat", "-L", "REDSOCKS", "-n"], { quiet: true });
  if (isRuled.status === 0 && !applyRules(machine, undefined, [])) {
    machine.log("the proxy's rules cannot be removed");
    return 1;
  }
  if (exists(machine, RUNNING_CONF)) machine.log("redsocks.conf is gone: connections are made without a proxy");
  machine.run(["systemctl", "stop", "redsocks.service"]);
  machine.remove(RUNNING_CONF);
  return 0;
}

/** Whether redsocks's own parser takes the file. */
function refuses(machine: Machine, config: string): boolean {
  const trial = `${RUNNING_CONF}.new`;
  machine.makeDirectory("/run/holdfast");
  machine.writeText(trial, config, 0o600);
  const { status } = machine.run(["redsocks", "-t", "-c", trial], { quiet: true });
  if (status !== 0) machine.remove(trial);
  return status !== 0;
}

function beginProxy(machine: Machine, conf: string, bypass: readonly string[]): number {
  const kept = (reason: string): number => {
    const former = exists(machine, RUNNING_CONF) ? "the former proxy stays" : "there is no proxy";
    machine.log(`redsocks.conf: ${reason}: ${former}`);
    return 0;
  };
  if (conf.length > LARGEST_BYTES) return kept(`larger than ${LARGEST_BYTES / 1024} KiB`);
  const judged = judgeProxy(conf);
  if (!judged.ok) return kept(judged.reason);
  for (const remark of judged.remarks) machine.log(`redsocks.conf: ${remark}`);
  const { settings } = judged;
  const isNew = machine.readText(RUNNING_CONF) !== settings.config;
  if (isNew) {
    if (refuses(machine, settings.config)) return kept("redsocks refuses it");
    machine.rename(`${RUNNING_CONF}.new`, RUNNING_CONF);
  }
  const { status } = machine.run(["systemctl", isNew ? "restart" : "start", "redsocks.service"]);
  if (status !== 0) machine.log(`redsocks does not start: systemctl ended with status ${status}`);
  if (!applyRules(machine, settings, bypass)) {
    machine.log("the proxy's rules cannot be set");
    return 1;
  }
  if (isNew) machine.log("connections are made through the proxy");
  return 0;
}

/**
 * Makes the device follow `system-proxy` on its boot partition. A file that cannot work is reported, and the former proxy
 * stays. `boot` comes before the network, so names of no_proxy have no address yet. With `change`, it does nothing when it
 * has seen all that. A timer has it look again: systemd does not tell of what changes meanwhile, nor of names.
 * @returns the exit status
 */
export function applyProxy(machine: Machine, mode: "boot" | "change"): number {
  const seen = mode === "boot" ? look(machine) : settledLook(machine);
  const { networks, names, refused } = parseNoProxy(seen.noProxy);
  const isAsked = mode === "change" && seen.conf !== undefined;
  const bypass = [...networks, ...(isAsked ? resolveAll(machine, names) : [])];
  const files = fingerprint(JSON.stringify(seen));
  const mark = `${files} ${bypass.join(" ")}`;
  const former = machine.readText(SEEN) ?? "";
  if (mode === "change" && former === mark) return 0;
  // As on most devices: the boot had no proxy to follow, and there is none to end.
  const neverWas = former === "" && seen.conf === undefined && !exists(machine, RUNNING_CONF);
  if (!former.startsWith(files))
    for (const line of refused) machine.log(`no_proxy: line ${line} is no host and no subnet`);
  if (!neverWas) {
    const status = seen.conf === undefined ? endProxy(machine) : beginProxy(machine, seen.conf, bypass);
    if (status !== 0) return status;
  }
  machine.makeDirectory("/run/holdfast");
  machine.writeText(SEEN, mark, 0o600);
  return 0;
}
