import { describe, expect, it } from "vitest";
import { PowerCut, simulateMachine } from "../machine/simulated-machine.ts";
import { prepareVpn, VPN_AUTH, vpnAuth } from "./prepare-vpn.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const none = () => undefined;

describe("the tunnel's login", () => {
  it("is the uuid with the provisioning key, and with the device's own once that is gone", () => {
    expect(vpnAuth({ uuid, apiKey: "prov", deviceApiKey: "own" }, none)).toBe(`${uuid}\nprov\n`);
    expect(vpnAuth({ uuid, deviceApiKey: "own" }, none)).toBe(`${uuid}\nown\n`);
    expect(vpnAuth({ uuid, apiKey: null, deviceApiKey: "own" }, none)).toBe(`${uuid}\nown\n`);
  });

  it("can be given by the unit's environment", () => {
    const environment = (name: string) => ({ VPN_AUTH_USER: "me", VPN_AUTH_PASSWORD: "word" })[name];
    expect(vpnAuth({ uuid, deviceApiKey: "own" }, environment)).toBe("me\nword\n");
  });

  it("does not exist without a key, nor with one that could become a third line", () => {
    for (const config of [
      {},
      { uuid },
      { deviceApiKey: "own" },
      { uuid, deviceApiKey: "a\nb" },
      { uuid: "a b", deviceApiKey: "x" },
    ])
      expect(vpnAuth(config, none)).toBeUndefined();
  });

  it("is a file for root only, whole as soon as it is there, and goes with the key", () => {
    const config = JSON.stringify({ uuid, deviceApiKey: "own" });
    for (let cutAfter = 0; ; cutAfter += 1) {
      const machine = simulateMachine(() => undefined, { cutAfter });
      machine.put("/mnt/boot/config.json", config);
      machine.put("/var/.there", "");
      try {
        prepareVpn(machine);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        expect([undefined, `${uuid}\nown\n`]).toContain(machine.readText(VPN_AUTH));
        continue;
      }
      expect(machine.nodes.get(VPN_AUTH)).toMatchObject({ mode: 0o600 });
      expect(machine.lines).toEqual([]);
      break;
    }
    const machine = simulateMachine();
    machine.put("/mnt/boot/config.json", JSON.stringify({ uuid }));
    machine.put(VPN_AUTH, "old");
    expect(prepareVpn(machine)).toBe(0);
    expect(machine.kindOf(VPN_AUTH)).toBeUndefined();
  });
});
