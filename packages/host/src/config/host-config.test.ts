import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHostConfig, valueAt, withValueAt } from "./host-config.ts";
import { configKeys } from "./keys/config-keys.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop";

function parse(config: unknown, former?: unknown) {
  const before = former === undefined ? undefined : parse(former).config;
  const parsed = parseHostConfig(JSON.stringify(config), before);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed;
}

describe("parseHostConfig", () => {
  it("refuses what is not a JSON object, as a whole", () => {
    expect(parseHostConfig('{"uuid": ')).toEqual({ ok: false, reason: "at its end: expected a value" });
    expect(parseHostConfig("[]").ok).toBe(false);
  });

  it("takes a key of the wrong type for absent, names it, and never its value", () => {
    const { problems, config, invalid } = parse({
      hostname: 7,
      uuid: "secret value",
      developmentMode: "maybe",
      os: { sshKeys: [key, "rubbish"], network: "secret network" },
    });
    expect(problems.map(({ key: name }) => name)).toEqual([
      "hostname",
      "uuid",
      "developmentMode",
      "os.sshKeys[1]",
      "os.network",
    ]);
    expect(invalid).toEqual(["hostname", "uuid", "developmentMode"]);
    expect(JSON.stringify(problems)).not.toContain("secret");
    expect(config).toMatchObject({ hostname: undefined, sshKeys: [key] });
  });

  it("keeps what a key said last when its new value cannot be used, but never an open door", () => {
    const { config } = parse(
      { hostname: "no name", developmentMode: "yes please", os: { sshKeys: "x" } },
      { hostname: "pump", developmentMode: true, os: { sshKeys: [key] }, country: "DE" },
    );
    expect(config).toMatchObject({ hostname: "pump", developmentMode: false, sshKeys: [key], country: undefined });
  });

  it("reports keys that nobody knows, also where an object is expected", () => {
    const { problems } = parse({ hostnam: "x", "os.sshKeys": [], os: { fan: { speed: 1 }, "a\nb": 1 }, pubnub: null });
    expect(problems.map(({ key: name }) => name)).toEqual([
      "hostnam",
      "os.sshKeys",
      "os.fan.speed",
      `os."a\\nb"`,
      "pubnub",
    ]);
  });

  it("takes a file that an editor marked with a byte order mark", () => {
    expect(parseHostConfig(`\uFEFF{"uuid":"${uuid}"}`)).toMatchObject({ ok: true, config: { uuid } });
  });

  it("takes text for numbers and flags, as tools write them", () => {
    expect(
      parse({ listenPort: "4000", developmentMode: "true", applicationId: 7, deviceId: "8" }).config,
    ).toMatchObject({
      listenPort: 4000,
      developmentMode: true,
      applicationId: "7",
      deviceId: "8",
    });
    for (const listenPort of [0, 65_536, 1.5, "0x10", "1e3", [], {}])
      expect(parse({ listenPort }).invalid).toEqual(["listenPort"]);
  });

  it("reads empty text as absent", () => {
    for (const { key: name } of Object.values(configKeys).filter(({ value }) => !/list|object/.test(value))) {
      const { invalid } = parse(withValueAt({}, name, ""));
      expect([name, invalid]).toEqual([name, []]);
    }
  });

  it("reads every key that others act on, and refuses what it cannot be", () => {
    const good: Readonly<Record<string, unknown>> = {
      deviceType: "generic-amd64",
      apiTimeout: 5000,
      appUpdatePollInterval: "900000",
      bootstrapRetryDelay: 30_000,
      initialDeviceName: "pump in the yard",
      logsEndpoint: "https://logs.example.com",
      apiEndpoint: "https://api.example.com",
      apiKey: "key",
      deviceApiKey: "key",
      deviceApiKeys: { "api.example.com": "key" },
      applicationId: 1234,
      deviceId: "77",
      registered_at: 1_700_000_000,
    };
    const { problems, invalid } = parse(good);
    expect([problems, invalid]).toEqual([[], []]);
    for (const key of Object.keys(good)) expect(parse({ [key]: [] }).invalid).toEqual([key]);
  });

  it("never throws, whatever stands there, and complains by known names only", () => {
    const keys = fc.constantFrom(...Object.values(configKeys).map(({ key: name }) => name));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(keys, fc.jsonValue())),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (set, others) => {
          const json = set.reduce(
            (at, [name, value]) => withValueAt(at, name, value),
            others as Record<string, unknown>,
          );
          const parsed = parseHostConfig(JSON.stringify(json));
          if (!parsed.ok) throw new Error(parsed.reason);
          for (const { key: name, reason } of parsed.problems)
            expect(name + reason).toMatch(/^[\x20-\x7e\u00a0-\uffff]*$/);
        },
      ),
    );
  });
});

describe("withValueAt", () => {
  it("sets, replaces and removes one key, and leaves the others in their order", () => {
    const json = { b: 1, os: { x: 1, fan: { profile: "quiet" } }, a: 2 };
    expect(JSON.stringify(withValueAt(json, "os.fan.profile", "cool"))).toBe(
      '{"b":1,"os":{"x":1,"fan":{"profile":"cool"}},"a":2}',
    );
    expect(valueAt(withValueAt({ os: 5 }, "os.fan.profile", "cool"), "os.fan.profile")).toBe("cool");
    expect(withValueAt(json, "b", undefined)).toEqual({ os: json.os, a: 2 });
    expect(valueAt({}, "constructor.name")).toBeUndefined();
  });
});
