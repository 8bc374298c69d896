import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planServices } from "../plan-services.ts";
import { overriddenConfig } from "../update.ts";
import { parseEndpoint } from "./endpoint.ts";
import { curlConfig } from "./fetch-config.ts";
import { parseServerConfig } from "./server-config.ts";

/** As a server of the device contract answers. */
const answer = {
  services: { openvpn: { config: "client\nremote vpn 443\n", ca: "PEM" }, ssh: { authorized_keys: "" } },
  config: { overrides: { logsEndpoint: "https://logs.example" } },
  schema_version: "1.0.0",
};
const openvpn = {
  id: "openvpn",
  files: { config: "/etc/openvpn/openvpn.conf", ca: "/etc/openvpn/ca.crt" },
  units: ["prepare-openvpn.service", "openvpn.service"],
};
const parse = (value: unknown) => parseServerConfig(typeof value === "string" ? value : JSON.stringify(value));

describe("parseServerConfig", () => {
  it("takes the contract's answer, and ignores what it does not know", () => {
    expect(parse(answer)).toEqual({
      ok: true,
      config: { services: answer.services, overrides: answer.config.overrides },
    });
    const more = {
      ...answer,
      rumour: 1,
      services: { ...answer.services, later: { x: "y", z: 3 } },
      config: { more: 1 },
    };
    expect(parse(more)).toMatchObject({ ok: true, config: { services: { later: { x: "y" } }, overrides: {} } });
    expect(parse({ services: {}, schema_version: "1.1.0" })).toMatchObject({ ok: true });
    expect(parse({ ...answer, config: { overrides: { logsEndpoint: null } } })).toMatchObject({
      config: { overrides: {} },
    });
  });

  it.each([
    ["<!doctype html><title>Log in to the hotel</title>", "not JSON"],
    [JSON.stringify(answer).slice(0, 60), "not JSON (at its end"],
    ["", "not JSON"],
    [[], "not an object"],
    [{ ...answer, schema_version: undefined }, "schema_version is missing"],
    [{ ...answer, schema_version: "2.0.0" }, "too old for the server"],
    [{ ...answer, services: [] }, "services is not an object"],
    [{ ...answer, services: { openvpn: "x" } }, "a service is not an object"],
    [{ ...answer, config: { overrides: 3 } }, "overrides is not an object"],
  ])("refuses %j as a whole", (text, reason) => {
    const parsed = parse(text);
    expect(parsed.ok ? "" : parsed.reason).toContain(reason);
  });

  it("never throws, whatever a server says", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseServerConfig(text)));
    fc.assert(fc.property(fc.anything(), (value) => void parse({ ...answer, services: value, config: value })));
  });
});

describe("planServices", () => {
  const parsed = parse(answer);
  const config = parsed.ok ? parsed.config : { services: {}, overrides: {} };

  it("writes what differs, the main file last, and leaves services alone that the server does not name", () => {
    expect(planServices([openvpn], config, () => undefined)[0]?.changes).toEqual([
      { path: "/etc/openvpn/ca.crt", content: "PEM" },
      { path: "/etc/openvpn/openvpn.conf", content: "client\nremote vpn 443\n" },
    ]);
    const same = planServices([openvpn], config, (path) => (path.endsWith("crt") ? "PEM" : "client\nremote vpn 443\n"));
    expect(same[0]?.changes).toEqual([]);
    expect(planServices([{ ...openvpn, id: "other" }], config, () => undefined)).toEqual([]);
  });

  it("takes an empty text for an absent file, and writes nothing for a file that is not named", () => {
    const empty = { services: { openvpn: { config: "" } }, overrides: {} };
    expect(planServices([openvpn], empty, () => undefined)[0]?.changes).toEqual([]);
    expect(planServices([openvpn], empty, () => "old")[0]?.changes.map(({ path }) => path)).toEqual([
      openvpn.files.config,
    ]);
  });
});

describe("parseEndpoint", () => {
  it.each([
    ["https://api.example.com", "https://api.example.com", "api.example.com"],
    ["https://API.example.com:8443/", "https://api.example.com:8443", "api.example.com:8443"],
    ["http://10.0.2.2:3000/fleet/", "http://10.0.2.2:3000/fleet", "10.0.2.2:3000"],
    ["http://[fd00::1]:80", "http://[fd00::1]:80", "[fd00::1]:80"],
    [" https://api ", "https://api", "api"],
  ])("takes %s", (text, url, host) => {
    expect(parseEndpoint(text)).toEqual({ url, host, isEncrypted: url.startsWith("https") });
  });

  it.each([
    "",
    "api.example.com",
    "ftp://x",
    "https://",
    "https://user:pass@x",
    "https://x?y",
    "https://x/#a",
    'https://x/"',
    7,
    null,
  ])("refuses %j", (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });
});

describe("curlConfig", () => {
  it("asks for the contract's address with the device's key", () => {
    const endpoint = parseEndpoint("https://api.example.com");
    if (endpoint === undefined) throw new Error("an address");
    const text = curlConfig(endpoint, "abc");
    expect(text).toContain('url = "https://api.example.com/os/v1/config"\n');
    expect(text).toContain('header = "Authorization: Bearer abc"\n');
    expect(text).toContain('proto-redir = "=https"\n');
  });

  it("never lets a key become another option", () => {
    const endpoint = parseEndpoint("http://x");
    if (endpoint === undefined) throw new Error("an address");
    const lines = curlConfig(endpoint, "k").split("\n").length;
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    fc.assert(
      fc.property(printable, (key) => {
        const text = curlConfig(endpoint, key);
        expect(text.split("\n")).toHaveLength(lines);
        const [, quoted = ""] = /^header = "Authorization: Bearer (.*)"$/m.exec(text) ?? [];
        expect(quoted.replace(/\\(.)/g, "$1")).toBe(key);
        expect(quoted.replace(/\\./g, "")).not.toContain('"');
      }),
    );
  });
});

describe("overriddenConfig", () => {
  it("takes the keys that a server may set, and no others", () => {
    const overrides = {
      logsEndpoint: "https://logs",
      apiEndpoint: "https://evil",
      uuid: "x",
      deltaEndpoint: "no address",
    };
    expect(overriddenConfig({ uuid: "u", hostname: "h" }, overrides)).toEqual({
      json: { uuid: "u", hostname: "h", logsEndpoint: "https://logs" },
      refused: ["apiEndpoint", "uuid", "deltaEndpoint"],
    });
  });
});
