import { describe, expect, it } from "vitest";
import { parseSetting, parseSshKeys, planConfiguration } from "./plan-configuration.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq me@laptop";
const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq you@laptop";
const former = JSON.stringify({ deviceType: "generic-amd64", apiKey: "secret", os: { sshKeys: [OTHER] }, extra: 1 });
const wishes = (set: Record<string, unknown>, sshKeys: readonly string[] = []) => ({
  set: new Map(Object.entries(set)),
  sshKeys,
});

describe("a configuration for an image", () => {
  it("is merged: what nobody asked to change stays, keys are added, null takes away", () => {
    const wanted = { hostname: "sensor-1", "os.network.connectivity.interval": 60, apiKey: null };
    const plan = planConfiguration(former, wishes(wanted, [KEY, OTHER]));
    expect(JSON.parse(plan.text)).toEqual({
      deviceType: "generic-amd64",
      os: { sshKeys: [OTHER, KEY], network: { connectivity: { interval: 60 } } },
      extra: 1,
      hostname: "sensor-1",
    });
    expect(plan.changed).toEqual(["hostname", "os.network.connectivity.interval", "apiKey", "os.sshKeys"]);
    // What was odd before is told, and in nobody's way.
    expect(plan.remarks).toEqual(["config.json: extra: not a key that the device knows"]);
  });

  it("says what changes, not what was so before", () => {
    expect(planConfiguration('{"hostname":"a"}', wishes({ hostname: "a" })).changed).toEqual([]);
  });

  it.each([
    [{ hostname: "not a name" }, "hostname: not a host name"],
    [{ "os.sshKeys": ["ssh-ed25519 A", "rubbish"] }, "os.sshKeys[1]: not a public key"],
    [{ developmentMode: "perhaps" }, "developmentMode: neither true nor false"],
    [{ country: "Germany" }, "country: not a country"],
    [{ hostnam: "x" }, 'The device knows no key "hostnam"'],
    [{ os: {} }, 'The device knows no key "os"'],
  ])("is refused with the device's own reason: %j", (set, reason) => {
    expect(() => planConfiguration(former, wishes(set))).toThrow(
      expect.objectContaining({ code: "cli.invalid-configuration" }),
    );
    expect(() => planConfiguration(former, wishes(set))).toThrow(reason);
  });

  it("is refused when the image's own file cannot be read, with the place and without what stands there", () => {
    expect(() => planConfiguration('{"apiKey": "hunter2', wishes({ hostname: "a" }))).toThrow(/line 1|at its end/);
    expect(() => planConfiguration('{"apiKey": "hunter2', wishes({ hostname: "a" }))).not.toThrow("hunter");
  });

  it("begins with nothing when there is no file", () => {
    expect(planConfiguration(undefined, wishes({ hostname: "a" })).text).toBe('{\n  "hostname": "a"\n}\n');
  });
});

describe("what stands on the command line", () => {
  it("is JSON, or text", () => {
    expect(parseSetting("a.b=5")).toEqual(["a.b", 5]);
    expect(parseSetting('a={"b":"c=d"}')).toEqual(["a", { b: "c=d" }]);
    expect(parseSetting("country=DE")).toEqual(["country", "DE"]);
    expect(parseSetting("apiKey=null")).toEqual(["apiKey", null]);
    expect(() => parseSetting("country")).toThrow("no key=value");
  });

  it("holds public keys, and no private ones", () => {
    expect(parseSshKeys(`# mine\n${KEY}\n\n${OTHER}\n`, "file")).toEqual([KEY, OTHER]);
    expect(() => parseSshKeys("-----BEGIN OPENSSH PRIVATE KEY-----", "id_ed25519")).toThrow("private key");
    expect(() => parseSshKeys("\n", "empty")).toThrow("holds no key");
  });
});
