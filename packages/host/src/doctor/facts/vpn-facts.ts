import { answerOf, saidBy } from "../probe/answer-of.ts";
import { type Answers, type Probe, shellProbe } from "../probe/probe.ts";

export type Tunnel = {
  readonly isConfigured: boolean;
  /** Somebody has switched it off. */
  readonly isDisabled: boolean;
  readonly isUp: boolean;
  /** Why it is not, as far as OpenVPN's journal tells. */
  readonly reason: string | undefined;
};

const LOOK = `[ -s /etc/openvpn/openvpn.conf ] && echo configured
[ -e /etc/openvpn/disabled ] && echo disabled
[ -e /run/openvpn/vpn_status/active ] && echo up
exit 0`;

export const vpnProbes: readonly Probe[] = [
  shellProbe("tunnel", LOOK),
  {
    name: "tunnel-log",
    argv: ["journalctl", "--unit=openvpn.service", "--boot", "--output=cat", "--quiet", "--no-pager", "--lines=200"],
  },
];

/** Only these words leave the journal: OpenVPN's own lines may name what is nobody's business. */
const reasons: readonly (readonly [line: RegExp, reason: string])[] = [
  [/AUTH_FAILED|auth-failure/, "the server refuses the device's login"],
  [/certificate verify failed|VERIFY ERROR/, "the server's certificate is not trusted, or the clock is wrong"],
  [/Cannot resolve host|RESOLVE:/, "the server's name is not found"],
  [/Connection refused|ECONNREFUSED/, "the server refuses the connection"],
  [/TLS key negotiation failed|TLS Error|Connection timed out|ETIMEDOUT/, "the server does not answer"],
  [/Network is unreachable|No route to host/, "there is no way to the server"],
  [/Options error/, "OpenVPN does not take the server's configuration"],
];

/** Why OpenVPN did not come up last, from its journal, oldest line first. Pure. */
export function tunnelReason(log: string): string | undefined {
  for (const line of log.split("\n").reverse()) {
    const found = reasons.find(([pattern]) => pattern.test(line));
    if (found !== undefined) return found[1];
  }
  return undefined;
}

/** @throws when the files cannot be looked at */
export function readTunnel(answers: Answers): Tunnel {
  const said = answerOf(answers, "tunnel").output.split("\n");
  return {
    isConfigured: said.includes("configured"),
    isDisabled: said.includes("disabled"),
    isUp: said.includes("up"),
    reason: tunnelReason(saidBy(answers, "tunnel-log") ?? ""),
  };
}
