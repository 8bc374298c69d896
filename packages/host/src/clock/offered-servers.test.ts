import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { followLink, offeredServers, sourcesFile } from "./offered-servers.ts";

describe("time servers that DHCP offers", () => {
  it("are addresses, each once", () => {
    expect(offeredServers("192.0.2.2 192.0.2.3", undefined, "fd00::1,fd00::1")).toEqual([
      "192.0.2.2",
      "192.0.2.3",
      "fd00::1",
    ]);
  });

  it("are nothing else, whatever the server sends", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const server of offeredServers(text)) expect(server).toMatch(/^[\da-f.:]+$/i);
      }),
    );
    expect(offeredServers("192.0.2.2\nmakestep 0 0", "allow all")).toEqual(["192.0.2.2"]);
  });
});

describe("a link's event", () => {
  const device = (servers?: string) =>
    simulateMachine(() => undefined, servers === undefined ? {} : { environment: { DHCP4_NTP_SERVERS: servers } });

  it("adds what was offered, and tells chronyd", () => {
    const machine = device("192.0.2.2");
    expect(followLink(machine, "eth0", "up")).toBe(0);
    expect(machine.readText(sourcesFile("eth0"))).toBe("server 192.0.2.2 iburst\n");
    expect(machine.commands).toEqual([
      "timeout 90 chronyc reload sources",
      "timeout 90 chronyc onoffline",
      "systemctl --no-block start timesync-https.service",
    ]);
    machine.commands.length = 0;
    followLink(machine, "eth0", "dhcp4-change");
    expect(machine.commands).not.toContain("timeout 90 chronyc reload sources");
  });

  it("takes the servers of a link away with it", () => {
    const machine = device("192.0.2.2");
    followLink(machine, "eth0", "up");
    machine.commands.length = 0;
    followLink(machine, "eth0", "down");
    expect(machine.readText(sourcesFile("eth0"))).toBeUndefined();
    expect(machine.commands).toEqual(["timeout 90 chronyc reload sources", "timeout 90 chronyc onoffline"]);
  });

  it("without a link only looks what can be reached", () => {
    const machine = device("192.0.2.2");
    followLink(machine, "none", "connectivity-change");
    followLink(machine, "../../etc/x", "up");
    expect([...machine.nodes.keys()].filter((path) => path.includes("sources"))).toEqual([]);
  });
});
