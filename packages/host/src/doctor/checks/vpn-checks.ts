import { known } from "../facts/fact.ts";
import { stopOf } from "../facts/unit-facts.ts";
import { type Check, defineCheck } from "../finding.ts";

const tunnel = defineCheck({
  name: "vpn.tunnel",
  means: "the tunnel to the fleet server is up, or the device has no fleet server",
  troubles: {
    "vpn.disabled": {
      level: "warning",
      means: "somebody has switched the tunnel off",
      todo: "rm /etc/openvpn/disabled && systemctl start openvpn",
    },
    "vpn.not-configured": {
      level: "failure",
      means: "the fleet server has not given the tunnel's configuration yet",
      todo: "systemctl start os-config, then journalctl -u os-config",
    },
    "vpn.stopped": {
      level: "failure",
      means: "OpenVPN does not run",
      todo: "systemctl start openvpn, then journalctl -u openvpn",
    },
    "vpn.down": {
      level: "failure",
      means: "OpenVPN runs, and the tunnel is not up",
      todo: "journalctl -u openvpn; a refused login: os-config join again (docs/managed-devices.md)",
    },
  },
  judge: ({ isManaged, tunnel: fact, units }) => {
    if (!known(isManaged)) return { ok: "not needed: the device has no fleet server" };
    const { isConfigured, isDisabled, isUp, reason } = known(fact);
    if (isUp) return { ok: "up" };
    if (isDisabled) return { code: "vpn.disabled", what: "the tunnel is switched off" };
    if (!isConfigured) return { code: "vpn.not-configured", what: "there is no configuration of the tunnel" };
    const stop = stopOf(units, "openvpn.service");
    if (stop !== undefined) return { code: "vpn.stopped", what: stop };
    return { code: "vpn.down", what: `the tunnel is not up${reason === undefined ? "" : `: ${reason}`}` };
  },
});

export const vpnChecks: readonly Check[] = [tunnel];
