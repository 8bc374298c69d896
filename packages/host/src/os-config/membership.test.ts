import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinedConfig, leftConfig } from "./membership.ts";

const keys = [
  "applicationId",
  "deviceType",
  "apiEndpoint",
  "apiKey",
  "deviceApiKey",
  "registered_at",
  "deviceId",
  "listenPort",
];
const uuid = "0123456789abcdef0123456789abcdef";
const facts = { keys, deviceType: "generic-amd64", makeKey: () => "fresh" };
const own = { uuid, hostname: "pump", deviceType: "generic-amd64", os: { sshKeys: ["k"] }, deviceApiKey: "first" };
const given = { deviceType: "generic-amd64", apiEndpoint: "https://api.example.com", apiKey: "prov", applicationId: 7 };

const joinOrThrow = (from: object, joining: object) => {
  const joined = joinedConfig({ ...from }, { ...joining }, facts);
  if (!joined.ok) throw new Error(joined.reason);
  return joined;
};

describe("joining", () => {
  it("takes the schema's keys and keeps everything else of the device", () => {
    const { json, ignored } = joinOrThrow(own, { ...given, hostname: "other", developmentMode: true, userId: 3 });
    expect(json).toEqual({
      uuid,
      hostname: "pump",
      os: { sshKeys: ["k"] },
      ...given,
      // Made at its first boot, and shown to nobody yet.
      deviceApiKey: "first",
      deviceApiKeys: { "api.example.com": "first" },
    });
    expect(ignored).toEqual(["hostname", "developmentMode", "userId"]);
  });

  it("forgets what the former server said, and comes back to it with the key that it knows", () => {
    const first = joinOrThrow(own, given).json;
    const registered = {
      ...first,
      apiKey: undefined,
      registered_at: 1,
      deviceId: 2,
      listenPort: 80,
      logsEndpoint: "https://l",
    };
    const second = joinOrThrow(registered, { ...given, apiEndpoint: "http://10.0.2.2:3000", deviceType: undefined });
    expect(second.json).not.toHaveProperty("registered_at");
    expect(second.json).not.toHaveProperty("deviceId");
    expect(second.json).not.toHaveProperty("listenPort");
    expect(second.json).not.toHaveProperty("logsEndpoint");
    expect(second.json).toMatchObject({ deviceType: "generic-amd64", deviceApiKey: "fresh" });
    const back = joinedConfig(second.json, given, { ...facts, makeKey: () => "never" });
    expect(back).toMatchObject({ json: { deviceApiKey: "first", deviceApiKeys: { "10.0.2.2:3000": "fresh" } } });
  });

  it("uses a key that the configuration brings", () => {
    const { json } = joinOrThrow(own, { ...given, deviceApiKey: "theirs", uuid });
    expect(json).toMatchObject({ deviceApiKey: "theirs", deviceApiKeys: { "api.example.com": "theirs" }, uuid });
  });

  it.each([
    [{ ...given, apiEndpoint: undefined }, "apiEndpoint"],
    [{ ...given, apiEndpoint: "fleet" }, "apiEndpoint"],
    [{ ...given, deviceType: "raspberrypi4-64" }, 'of type "raspberrypi4-64"'],
    [{ ...given, deviceType: 3 }, "of type 3"],
    [{ ...given, listenPort: "many" }, "listenPort"],
    [{ ...given, apiKey: "two\nlines" }, "apiKey"],
    [{ ...given, deviceApiKey: "x", uuid: "f".repeat(32) }, "another device"],
    [{ ...given, deviceId: 5, uuid: "f".repeat(32) }, "another device"],
  ])("refuses what cannot work: %j", (joining, reason) => {
    const joined = joinedConfig(own, joining, facts);
    expect(joined.ok ? "" : joined.reason).toContain(reason);
  });

  it("never changes another key than the schema's, whatever is given", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (joining) => {
        const joined = joinedConfig(own, { ...joining, apiEndpoint: given.apiEndpoint, deviceType: null }, facts);
        if (!joined.ok) return;
        expect(joined.json).toMatchObject({
          uuid,
          hostname: "pump",
          os: { sshKeys: ["k"] },
          deviceType: "generic-amd64",
        });
        const allowed = new Set([
          ...Object.keys(own),
          ...keys,
          "deviceApiKeys",
          "logsEndpoint",
          "deltaEndpoint",
          "registryEndpoint",
        ]);
        expect(Object.keys(joined.json).filter((key) => !allowed.has(key))).toEqual([]);
      }),
    );
  });
});

describe("leaving", () => {
  it("removes the server's keys and remembers the device's key there", () => {
    const joined = joinOrThrow(own, given).json;
    expect(leftConfig({ ...joined, logsEndpoint: "https://l" }, keys)).toEqual({
      uuid,
      hostname: "pump",
      os: { sshKeys: ["k"] },
      deviceApiKeys: { "api.example.com": "first" },
    });
    expect(leftConfig({ uuid }, keys)).toEqual({ uuid });
  });
});
