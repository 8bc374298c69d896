import { describe, expect, it } from "vitest";
import { CONFIG_JSON } from "../config/config-file.ts";
import { PowerCut, type SimulatedMachine } from "../machine/simulated-machine.ts";
import { osConfig } from "./os-config.ts";
import { simulateManaged } from "./simulated-server.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const CONF = "/etc/openvpn/openvpn.conf";
const CA = "/etc/openvpn/ca.crt";
const unmanaged = { uuid, deviceType: "generic-amd64", hostname: "pump", deviceApiKey: "own" };
const managed = { ...unmanaged, apiEndpoint: "https://api.example.com", apiKey: "prov" };
const answerOf = (config: string, ca = "PEM") => ({
  body: JSON.stringify({ services: { openvpn: { config, ca } }, schema_version: "1.0.0" }),
});
const tunnel = answerOf("client\nremote vpn 443\n");
const restarts = (machine: SimulatedMachine) => machine.commands.filter((line) => line.includes("restart"));
const configOf = (machine: SimulatedMachine): unknown => JSON.parse(machine.readText(CONFIG_JSON) ?? "null");

/** Runs a command with the power cut after each of its effects; then `after` looks at what is left. */
function cutEverywhere(
  make: (cutAfter: number) => SimulatedMachine,
  args: readonly string[],
  after: (left: SimulatedMachine) => void,
) {
  for (let cutAfter = 0; ; cutAfter += 1) {
    const machine = make(cutAfter);
    let wasCut = false;
    try {
      osConfig(machine, args);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      wasCut = true;
    }
    after(machine);
    if (!wasCut) return;
  }
}

/** The same flash under another machine that works, as after a reboot: what was in memory is gone. */
function rebooted(left: SimulatedMachine, answer = tunnel): SimulatedMachine {
  const machine = simulateManaged(left.readText(CONFIG_JSON) ?? left.readText(`${CONFIG_JSON}.new`) ?? "{}", answer);
  for (const path of [CONF, CA]) {
    const text = left.readText(path);
    if (text !== undefined) machine.put(path, text);
  }
  return machine;
}

describe("update", () => {
  it("writes the service's files, restarts its units once, and does nothing when nothing changed", () => {
    const machine = simulateManaged(managed, tunnel);
    expect(osConfig(machine, ["update"])).toBe(0);
    expect(machine.lines).toContain("Service configuration retrieved");
    expect([machine.readText(CONF), machine.readText(CA)]).toEqual(["client\nremote vpn 443\n", "PEM"]);
    expect(restarts(machine)).toEqual(["systemctl --no-block restart prepare-openvpn.service openvpn.service"]);
    expect(machine.commands.join("\n")).not.toContain("own");
    machine.commands.length = 0;
    expect(osConfig(machine, ["update"])).toBe(0);
    expect(machine.commands).toEqual(["curl --disable --config -"]);
  });

  it("has nothing to do on an unmanaged device", () => {
    for (const config of [unmanaged, { ...managed, apiEndpoint: "" }, { ...managed, apiEndpoint: "no address" }]) {
      const machine = simulateManaged(config, tunnel);
      expect(osConfig(machine, ["update"])).toBe(0);
      expect(machine.commands).toEqual([]);
    }
  });

  it.each([
    [{ body: "no", code: 401 }, "status 401: the server does not know this device's key"],
    [{ body: "<html>", code: 503 }, "status 503: the server is in trouble"],
    [{ body: "<html>", code: 302 }, "status 302"],
    [{ body: "", failure: "Could not resolve host: api.example.com" }, "Could not resolve host"],
    [{ body: "<html>Welcome" }, "cannot be used: not JSON"],
    [{ body: tunnel.body.slice(0, 30) }, "cannot be used: not JSON"],
  ])("changes nothing and is tried again after %j", (answer, reason) => {
    const machine = simulateManaged(managed, answer);
    machine.put(CONF, "former");
    expect(osConfig(machine, ["update"])).toBe(1);
    expect(machine.lines.join("\n")).toContain(reason);
    expect(machine.readText(CONF)).toBe("former");
    expect(restarts(machine)).toEqual([]);
  });

  it("keeps the former tunnel when OpenVPN would not start with the new one", () => {
    const machine = simulateManaged(managed, answerOf("remote vpn 443\nbogus\n"), {
      refusesVpn: "Options error: Unrecognized option: bogus (2.6.14)",
    });
    machine.put(CONF, "former");
    machine.put(CA, "former");
    expect(osConfig(machine, ["update"])).toBe(1);
    expect([machine.readText(CONF), machine.readText(CA)]).toEqual(["former", "former"]);
    expect(machine.lines.join("\n")).toContain("Unrecognized option: bogus");
    expect(restarts(machine)).toEqual([]);
    const nowhere = simulateManaged(managed, answerOf("client\n"));
    expect(osConfig(nowhere, ["update"])).toBe(1);
    expect(nowhere.lines.join("\n")).toContain("names no server");
  });

  it("gives config.json the server's overrides and has the supervisor read them", () => {
    const body = JSON.stringify({
      services: {},
      config: { overrides: { logsEndpoint: "https://l", uuid: "x" } },
      schema_version: "1.0.0",
    });
    const machine = simulateManaged(managed, { body });
    expect(osConfig(machine, ["update"])).toBe(0);
    expect(configOf(machine)).toEqual({ ...managed, logsEndpoint: "https://l" });
    expect(restarts(machine)).toEqual(["systemctl --no-block try-restart balena-supervisor.service"]);
  });

  it("follows the last good copy while config.json is broken, and leaves the file alone", () => {
    const machine = simulateManaged("{ broken", tunnel);
    machine.put("/mnt/state/config.json", JSON.stringify(managed));
    expect(osConfig(machine, ["update"])).toBe(0);
    expect(machine.readText(CONF)).toContain("remote");
    expect(machine.readText(CONFIG_JSON)).toBe("{ broken");
  });

  it("leaves each file old or new when the power fails at any step, and the next boot completes it", () => {
    const make = (cutAfter: number) => {
      const machine = simulateManaged(managed, tunnel, { cutAfter });
      machine.put(CONF, "former");
      machine.put(CA, "former");
      return machine;
    };
    cutEverywhere(make, ["update"], (left) => {
      expect(["former", "client\nremote vpn 443\n"]).toContain(left.readText(CONF));
      expect(["former", "PEM"]).toContain(left.readText(CA));
      // Never the new configuration beside the former certificate.
      if (left.readText(CONF) !== "former") expect(left.readText(CA)).toBe("PEM");
      const again = rebooted(left);
      expect(osConfig(again, ["update"])).toBe(0);
      expect([again.readText(CONF), again.readText(CA)]).toEqual(["client\nremote vpn 443\n", "PEM"]);
    });
  });

  it("restarts the service later when the program was killed between writing and restarting", () => {
    const make = (cutAfter: number) => simulateManaged(managed, tunnel, { cutAfter });
    cutEverywhere(make, ["update"], (left) => {
      // Not a reboot: memory is still there, as after a kill.
      const again = simulateManaged(managed, tunnel);
      for (const [path, node] of left.nodes) again.nodes.set(path, node);
      expect(osConfig(again, ["update"])).toBe(0);
      expect([...restarts(left), ...restarts(again)].length).toBeGreaterThan(0);
    });
  });
});

describe("generate-api-key", () => {
  it("gives a device a key once, and never replaces one", () => {
    const machine = simulateManaged({ uuid, apiEndpoint: "https://api.example.com" }, tunnel);
    expect(osConfig(machine, ["generate-api-key"])).toBe(0);
    const deviceApiKey = "a1".repeat(16);
    expect(configOf(machine)).toMatchObject({ uuid, deviceApiKey, deviceApiKeys: { "api.example.com": deviceApiKey } });
    expect(machine.lines.join("\n")).not.toContain(deviceApiKey);
    for (const kept of ["mine", 7]) {
      const other = simulateManaged({ uuid, deviceApiKey: kept }, tunnel);
      osConfig(other, ["generate-api-key"]);
      expect(configOf(other)).toEqual({ uuid, deviceApiKey: kept });
    }
  });

  it("does not touch a broken config.json", () => {
    const machine = simulateManaged("{ broken", tunnel);
    expect(osConfig(machine, ["generate-api-key"])).toBe(0);
    expect(machine.readText(CONFIG_JSON)).toBe("{ broken");
  });

  it("leaves config.json old or new when the power fails at any step", () => {
    cutEverywhere(
      (cutAfter) => simulateManaged({ uuid }, tunnel, { cutAfter }),
      ["generate-api-key"],
      (left) => {
        const again = rebooted(left);
        osConfig(again, ["generate-api-key"]);
        expect(configOf(again)).toMatchObject({ uuid, deviceApiKey: "a1".repeat(16) });
      },
    );
  });
});

const joining = JSON.stringify({ deviceType: "generic-amd64", apiEndpoint: "http://10.0.2.2:3000", apiKey: "new" });

describe("join", () => {
  it("replaces the server while the supervisor stands still, and starts what follows", () => {
    const machine = simulateManaged({ ...managed, deviceId: 3 }, tunnel);
    machine.put(CONF, "former");
    expect(osConfig(machine, ["join", joining])).toBe(0);
    expect(configOf(machine)).toMatchObject({
      uuid,
      hostname: "pump",
      apiEndpoint: "http://10.0.2.2:3000",
      apiKey: "new",
    });
    expect(configOf(machine)).not.toHaveProperty("deviceId");
    // The former server's tunnel must not meet the new one's key.
    expect(machine.kindOf(CONF)).toBeUndefined();
    const order = [
      "stop balena-supervisor",
      "restart prepare-openvpn.service openvpn",
      "sync /mnt/boot/config",
      "start config-json",
      "start balena-supervisor",
    ];
    const places = order.map((part) => machine.commands.findIndex((line) => line.includes(part)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it("keeps the tunnel when it joins the same server again", () => {
    const machine = simulateManaged(managed, tunnel);
    machine.put(CONF, "former");
    expect(osConfig(machine, ["join", joining.replace("http://10.0.2.2:3000", "https://api.example.com/")])).toBe(0);
    expect(machine.readText(CONF)).toBe("former");
  });

  it("reads the configuration from standard input as well", () => {
    const machine = simulateManaged(unmanaged, tunnel);
    machine.put("/dev/stdin", joining);
    expect(osConfig(machine, ["join", "-"])).toBe(0);
    expect(configOf(machine)).toMatchObject({ apiKey: "new" });
  });

  it.each(["", "{", "[]", '{"apiEndpoint":"x"}', joining.replace("generic-amd64", "raspberrypi3")])(
    "refuses %j and changes nothing",
    (text) => {
      const machine = simulateManaged(managed, tunnel);
      const before = new Map(machine.nodes);
      expect(osConfig(machine, ["join", text])).toBe(1);
      expect(machine.nodes).toEqual(before);
      expect(machine.commands).toEqual([]);
      expect(machine.lines.join("\n")).toContain("nothing was changed");
    },
  );

  it("ends in the old fleet or the new one when the power fails at any step", () => {
    cutEverywhere(
      (cutAfter) => {
        const machine = simulateManaged(managed, tunnel, { cutAfter });
        machine.put(CONF, "former");
        return machine;
      },
      ["join", joining],
      (left) => {
        const again = rebooted(left);
        const { apiEndpoint, apiKey } = configOf(again) as Record<string, unknown>;
        const place = [apiEndpoint, apiKey].join();
        expect(["https://api.example.com,prov", "http://10.0.2.2:3000,new"]).toContain(place);
        // In the new fleet, nothing of the former tunnel is left.
        if (place.includes("new")) expect(again.kindOf(CONF)).toBeUndefined();
        expect(osConfig(again, ["update"])).toBe(0);
        expect(again.readText(CONF)).toContain("remote");
      },
    );
  });
});

describe("leave", () => {
  it("makes the device unmanaged: no server's keys, no tunnel", () => {
    const machine = simulateManaged(managed, tunnel);
    machine.put(CONF, "former");
    machine.put(CA, "former");
    expect(osConfig(machine, ["leave"])).toBe(0);
    expect(configOf(machine)).toEqual({ uuid, hostname: "pump", deviceApiKeys: { "api.example.com": "own" } });
    expect([machine.kindOf(CONF), machine.kindOf(CA)]).toEqual([undefined, undefined]);
    expect(machine.commands).toContain("systemctl --no-block start balena-supervisor.service");
    expect(osConfig(machine, ["leave"])).toBe(0);
    expect(machine.lines.at(-1)).toBe("this device has no fleet server");
  });

  it("ends managed or unmanaged when the power fails at any step, never unmanaged with a tunnel", () => {
    cutEverywhere(
      (cutAfter) => {
        const machine = simulateManaged(managed, tunnel, { cutAfter });
        machine.put(CONF, "former");
        return machine;
      },
      ["leave"],
      (left) => {
        const again = rebooted(left);
        if (!("apiEndpoint" in (configOf(again) as object))) expect(again.kindOf(CONF)).toBeUndefined();
        else expect(configOf(again)).toEqual(managed);
      },
    );
  });
});

describe("the command", () => {
  it("says its version, and how it is used", () => {
    const machine = simulateManaged(managed, tunnel);
    expect(osConfig(machine, ["--version"])).toBe(0);
    expect(machine.lines).toEqual(["os-config 1.0.0"]);
    for (const args of [[], ["join"], ["fly"], ["update", "now"], ["join", "{}", "{}"]])
      expect(osConfig(machine, args)).toBe(2);
    expect(machine.commands).toEqual([]);
  });
});
