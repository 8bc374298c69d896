import { describe, expect, it } from "vitest";
import { type CommandHandler, simulateMachine } from "../machine/simulated-machine.ts";
import { checkVpnConfig } from "./check-vpn-config.ts";

const config = "client\nremote vpn.example 443\n";
/** What the programs of the image say: OpenVPN 2.6.14, OpenSSL 3.5. */
const programs =
  (openvpn: { status: number; output: string }, found: number): CommandHandler =>
  ([program]) => {
    if (program === "openvpn") return openvpn;
    return program === "openssl" ? { output: `Total found: ${found}\n` } : undefined;
  };
const fine = { status: 0, output: "The following message digests are available" };

describe("a tunnel's configuration", () => {
  it("is sound when OpenVPN reads it and its authority holds a certificate", () => {
    expect(checkVpnConfig(simulateMachine(programs(fine, 1)), { config, ca: "PEM" })).toBeUndefined();
    expect(checkVpnConfig(simulateMachine(programs(fine, 0)), { config: "", ca: "" })).toBeUndefined();
    const inline = "client\n<connection>\nremote a 1\n</connection>\n";
    expect(checkVpnConfig(simulateMachine(programs(fine, 0)), { config: inline })).toBeUndefined();
  });

  it("is refused with OpenVPN's own reason, without its times and our file names", () => {
    const output = `2026-11-27 21:10:27 WARNING: Compression for receiving enabled.
Options error: Unrecognized option or missing or extra parameter(s) in /run/holdfast/vpn-check/openvpn.conf:12: bogus (2.6.14)
Use --help for more information.
`;
    expect(checkVpnConfig(simulateMachine(programs({ status: 1, output }, 1)), { config })).toBe(
      "Options error: Unrecognized option or missing or extra parameter(s) in openvpn.conf:12: bogus (2.6.14)",
    );
    const tag = "2026-11-27 21:10:27 ERROR: Endtag </ca> missing\n2026-11-27 21:10:27 Exiting due to fatal error\n";
    expect(checkVpnConfig(simulateMachine(programs({ status: 1, output: tag }, 1)), { config })).toContain(
      "</ca> missing",
    );
    expect(checkVpnConfig(simulateMachine(programs({ status: 139, output: "" }, 1)), { config })).toBe(
      "no reason given",
    );
  });

  it("is refused when it leads nowhere, or when its authority is none", () => {
    const machine = simulateMachine(programs(fine, 0));
    expect(checkVpnConfig(machine, { config: "client\n# remote x\n" })).toContain("names no server");
    expect(checkVpnConfig(machine, { config, ca: "<html>" })).toBe("ca holds no certificate");
  });
});
