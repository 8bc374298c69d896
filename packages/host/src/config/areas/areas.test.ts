import { describe, expect, it } from "vitest";
import { CONNECTIVITY_CHECK } from "../../clock/ask-web-time.ts";
import { DISCOVERY_DEFAULTS } from "../../discovery/discoverability.ts";
import { parseHostConfig, withValueAt } from "../host-config.ts";
import type { Json } from "../keys/value-parsers.ts";
import { renderHostConfig } from "../render-host-config.ts";
import type { HostFacts } from "../rendered-file.ts";
import { NETWORK_FRAGMENT } from "./connectivity.ts";
import { DEVELOPMENT_FLAG } from "./development.ts";
import { HOSTNAME_FILE, KERNEL_HOSTNAME } from "./hostname.ts";
import { NAME_SERVERS } from "./name-servers.ts";
import { ROOT_CERTIFICATES } from "./root-certificates.ts";
import { AUTHORIZED_KEYS } from "./ssh.ts";
import { SUPERVISOR_SETTINGS } from "./supervisor.ts";
import { TIME_SOURCES } from "./time-servers.ts";
import { COUNTRY_FILE } from "./wireless.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop";

/** Renders dotted keys. */
function render(set: Readonly<Record<string, unknown>>, facts: Partial<HostFacts> = {}) {
  const json = Object.entries(set).reduce((at, [name, value]) => withValueAt(at, name, value), {} as Json);
  const parsed = parseHostConfig(JSON.stringify(json));
  if (!parsed.ok) throw new Error(parsed.reason);
  const host = renderHostConfig(parsed.config, {
    consoles: ["tty0", "ttyS0"],
    hasSerialLogin: true,
    hasWireless: true,
    ...facts,
  });
  const fileAt = (path: string) => host.files.find((file) => file.path === path);
  return { ...host, fileAt, contentOf: (path: string) => fileAt(path)?.content, problems: parsed.problems };
}

describe("hostname", () => {
  it("is the key, else the beginning of the uuid, else a fixed name", () => {
    const nameOf = (set: Readonly<Record<string, unknown>>) => render(set).contentOf(HOSTNAME_FILE);
    expect([nameOf({ hostname: "pump", uuid }), nameOf({ uuid }), nameOf({})]).toEqual([
      "pump\n",
      "0123456\n",
      "holdfast\n",
    ]);
    expect(render({ uuid }).contentOf(KERNEL_HOSTNAME)).toBe("0123456");
  });
});

describe("development mode", () => {
  it("opens ssh, but not beside keys", () => {
    const flag = "SSHD_OPTS=-f /etc/ssh/sshd_config_development";
    expect(render({}).contentOf(DEVELOPMENT_FLAG)).toBeUndefined();
    expect(render({ developmentMode: true }).contentOf(DEVELOPMENT_FLAG)).toBe(`${flag}\n`);
    expect(render({ developmentMode: "true", "os.sshKeys": [key] }).contentOf(DEVELOPMENT_FLAG)).toBe(
      `${flag} -o PasswordAuthentication=no -o PermitEmptyPasswords=no\n`,
    );
  });

  it("starts and stops the consoles, serial ones only where they are for logging in", () => {
    const actions = (developmentMode: boolean, facts = {}) =>
      render({ developmentMode }, facts).fileAt(DEVELOPMENT_FLAG)?.onChange;
    expect(actions(true)).toEqual([
      { action: "start", unit: "getty@tty1.service" },
      { action: "start", unit: "serial-getty@ttyS0.service" },
    ]);
    expect(actions(false)?.map(({ action }) => action)).toEqual(["stop", "stop"]);
    expect(actions(true, { hasSerialLogin: false })).toEqual([{ action: "start", unit: "getty@tty1.service" }]);
  });
});

describe("os.sshKeys", () => {
  it("are one line each; without any, the file goes", () => {
    expect(render({ "os.sshKeys": [key, ` ${key}\n`] }).contentOf(AUTHORIZED_KEYS)).toBe(`${key}\n${key}\n`);
    expect(render({}).fileAt(AUTHORIZED_KEYS)).toMatchObject({ content: undefined });
  });
});

describe("os.udevRules", () => {
  it("are a file each, and other rules go", () => {
    const host = render({ "os.udevRules": { "50-modem": 'ACTION=="add"', "../x": "a", "60-y": 7 } });
    expect(host.contentOf("/etc/udev/rules.d/50-modem.rules")).toBe('ACTION=="add"\n');
    expect(host.folders).toMatchObject([{ folder: "/etc/udev/rules.d", keep: ["50-modem.rules"] }]);
    expect(host.problems.map(({ key: name }) => name)).toEqual(['os.udevRules."../x"', "os.udevRules.60-y"]);
  });
});

describe("dnsServers", () => {
  it.each([
    [undefined, "server=8.8.8.8\n"],
    [null, "server=8.8.8.8\n"],
    ["null", ""],
    ["", ""],
    ["1.1.1.1  9.9.9.9 1.1.1.1", "server=1.1.1.1\nserver=9.9.9.9\n"],
    ["192.0.2.1#5353 2606:4700::1111", "server=192.0.2.1#5353\nserver=2606:4700::1111\n"],
    ["1.1.1.1 evil.example 256.1.1.1 1.1.1", "server=1.1.1.1\n"],
    [5, "server=8.8.8.8\n"],
  ])("%j gives %j", (dnsServers, content) => {
    expect(render({ dnsServers }).contentOf(NAME_SERVERS)).toBe(content);
  });
});

describe("ntpServers", () => {
  it("are added to the pools, as the device contract writes them", () => {
    expect(render({ ntpServers: "time.example.com 192.0.2.1" }).contentOf(TIME_SOURCES)).toBe(
      "pool time.example.com iburst minpoll 14 maxpoll 14 maxsources 1\n" +
        "pool 192.0.2.1 iburst minpoll 14 maxpoll 14 maxsources 1\n",
    );
    expect(render({ ntpServers: "" }).contentOf(TIME_SOURCES)).toBeUndefined();
  });
});

describe("os.network", () => {
  it("checks the server's address, or the one given", () => {
    expect(render({}).contentOf(NETWORK_FRAGMENT)).toBeUndefined();
    expect(render({ apiEndpoint: "https://api.example.com/" }).contentOf(NETWORK_FRAGMENT)).toBe(
      "[connectivity]\nuri=https://api.example.com/connectivity-check\ninterval=3600\nresponse=\n",
    );
    expect(
      render({
        apiEndpoint: "https://api.example.com",
        "os.network.connectivity.uri": "http://up.example.com/x",
        "os.network.connectivity.interval": "0",
        "os.network.connectivity.response": " back\\slash",
        "os.network.wifi.randomMacAddressScan": false,
      }).contentOf(NETWORK_FRAGMENT),
    ).toBe(
      "[connectivity]\nuri=http://up.example.com/x\ninterval=0\nresponse=\\sback\\\\slash\n\n" +
        "[device]\nwifi.scan-rand-mac-address=no\n",
    );
  });

  it("tells the time by the web the same address, and asks it at once", () => {
    expect(render({}).contentOf(CONNECTIVITY_CHECK)).toBeUndefined();
    expect(render({ apiEndpoint: "https://api.example.com" }).fileAt(CONNECTIVITY_CHECK)).toMatchObject({
      content: '{"uri":"https://api.example.com/connectivity-check","response":""}\n',
      onChange: [{ action: "start", unit: "timesync-https.service" }],
    });
  });
});

describe("being found by name", () => {
  it("is for development, under a name that everybody guesses unless it was given one", () => {
    expect(render({ developmentMode: true }).contentOf(DISCOVERY_DEFAULTS)).toBe(
      '{"isDefault":true,"alias":"balena"}\n',
    );
    expect(render({ developmentMode: true, hostname: "pump" }).contentOf(DISCOVERY_DEFAULTS)).toBe(
      '{"isDefault":true}\n',
    );
    expect(render({}).contentOf(DISCOVERY_DEFAULTS)).toBe('{"isDefault":false}\n');
  });
});

describe("country", () => {
  it("is set now when there is a wireless core, and when one is loaded", () => {
    const file = render({ country: "de" }).fileAt(COUNTRY_FILE);
    expect(file).toMatchObject({
      content: "options cfg80211 ieee80211_regdom=DE\n",
      onChange: [{ action: "run", command: ["iw", "reg", "set", "DE"] }],
    });
    expect(render({ country: "de" }, { hasWireless: false }).fileAt(COUNTRY_FILE)?.onChange).toEqual([]);
  });
});

describe("balenaRootCA", () => {
  const der = Uint8Array.from([0x30, 0x81, 0x80, ...Array.from({ length: 128 }, (_, index) => index)]);
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----`;
  const encoded = (text: string) => Buffer.from(text).toString("base64");

  it("is PEM in lines of 64 characters, whatever stood around the certificates", () => {
    const host = render({ balenaRootCA: encoded(`subject=Größe\n${pem}\r\nmore\n${pem}\n`) });
    const content = host.contentOf(ROOT_CERTIFICATES) ?? "";
    expect(content.match(/BEGIN/g)).toHaveLength(2);
    expect(content.split("\n").every((line) => line.length <= 64)).toBe(true);
    expect(host.contentOf(SUPERVISOR_SETTINGS)).toContain("NODE_EXTRA_CA_CERTS");
  });

  it.each([
    ["not text", 7],
    ["not base64", "%%%"],
    ["not PEM", encoded("hello")],
    ["cut", encoded(pem.slice(0, -40))],
    ["not a certificate", encoded(pem.replace("MIGA", "AAAA"))],
    ["a good one and half of another", encoded(`${pem}\n${pem.slice(0, 60)}`)],
  ])("is refused when it is %s", (_, balenaRootCA) => {
    const host = render({ balenaRootCA });
    expect(host.problems).toMatchObject([{ key: "balenaRootCA" }]);
    expect(host.contentOf(ROOT_CERTIFICATES)).toBeUndefined();
  });
});
