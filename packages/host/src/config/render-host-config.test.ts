import fc from "fast-check";
import { expect, it } from "vitest";
import { CONNECTIVITY_CHECK } from "../clock/ask-web-time.ts";
import { DISCOVERY_DEFAULTS } from "../discovery/discoverability.ts";
import { CLOUD_LOGIN } from "../ssh/cloud-login.ts";
import { NETWORK_FRAGMENT } from "./areas/connectivity.ts";
import { DEVELOPMENT_FLAG } from "./areas/development.ts";
import { FIRMWARE_VOLUME } from "./areas/firmware.ts";
import { FAN_PROFILE, POWER_MODE } from "./areas/hardware.ts";
import { HOSTNAME_FILE, KERNEL_HOSTNAME } from "./areas/hostname.ts";
import { PERSISTENT_JOURNAL_FLAG } from "./areas/journal.ts";
import { NAME_SERVERS } from "./areas/name-servers.ts";
import { ROOT_CERTIFICATES } from "./areas/root-certificates.ts";
import { SERVER_MARK, VPN_MARK } from "./areas/server.ts";
import { AUTHORIZED_KEYS } from "./areas/ssh.ts";
import { SUPERVISOR_SETTINGS } from "./areas/supervisor.ts";
import { TIME_SOURCES } from "./areas/time-servers.ts";
import { COUNTRY_FILE } from "./areas/wireless.ts";
import { parseHostConfig, withValueAt } from "./host-config.ts";
import { configKeys } from "./keys/config-keys.ts";
import type { Json } from "./keys/value-parsers.ts";
import { renderHostConfig } from "./render-host-config.ts";

const NAME = /^[A-Za-z0-9.-]{1,64}$/;
/** What a line of each file may look like; a file that has none of these lines is one that someone broke into. */
const lines: Readonly<Record<string, RegExp>> = {
  [HOSTNAME_FILE]: NAME,
  [KERNEL_HOSTNAME]: NAME,
  [DEVELOPMENT_FLAG]: /^SSHD_OPTS=-f \/etc\/ssh\/sshd_config_development( -o \w+=no){0,2}$/,
  [AUTHORIZED_KEYS]: /(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/=]+/,
  [NAME_SERVERS]: /^server=[0-9a-f.:]+(#\d+)?$/i,
  [TIME_SOURCES]: /^pool [\w.:-]+ iburst minpoll 14 maxpoll 14 maxsources 1$/,
  [NETWORK_FRAGMENT]:
    /^(|\[connectivity\]|uri=https?:\/\/\S+|interval=\d+|response=.*|\[device\]|wifi\.scan-rand-mac-address=(yes|no))$/,
  [COUNTRY_FILE]: /^options cfg80211 ieee80211_regdom=[A-Z]{2}$/,
  [ROOT_CERTIFICATES]: /^(-----(BEGIN|END) CERTIFICATE-----|[A-Za-z0-9+/=]{1,64})$/,
  [PERSISTENT_JOURNAL_FLAG]: /^$/,
  [FAN_PROFILE]: /^(quiet|cool)$/,
  [POWER_MODE]: /^(low|mid|high)$/,
  [FIRMWARE_VOLUME]: /^[\w.-]+$/,
  [SERVER_MARK]: /^(|https?:\/\/\S+)$/,
  [VPN_MARK]: /^[0-9a-f]{16}$/,
  // JSON keeps what it quotes on its line.
  [CONNECTIVITY_CHECK]: /^\{"uri":"https?:[^"\s]+","response":".*"\}$/,
  [DISCOVERY_DEFAULTS]: /^\{"isDefault":(true(,"alias":"balena")?|false)\}$/,
  [CLOUD_LOGIN]: /^\{"endpoint":"https?:[^"\s]+","key":".+"\}$/,
  [SUPERVISOR_SETTINGS]: /^\{"port":\d+,"environment":\{.*\}.*\}$/,
};

const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from([0x30, 0x03, 1, 2, 3]).toString("base64")}\n-----END CERTIFICATE-----\n`;
/** A sound value for each key that is rendered, so that the property tests go through every file. */
const sound: Readonly<Record<string, unknown>> = {
  hostname: "pump",
  developmentMode: true,
  "os.sshKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@laptop"],
  "os.udevRules": { "50-x": "ACTION" },
  "os.fan.profile": "cool",
  "os.power.mode": "low",
  "os.kernel.extraFirmwareVol": "extra-firmware",
  persistentLogging: true,
  country: "DE",
  dnsServers: "1.1.1.1 2606:4700::1111#53",
  ntpServers: "time.example.com 192.0.2.1",
  apiEndpoint: "https://api.example.com",
  deviceApiKey: "of the device",
  "os.network.connectivity.response": "ok",
  "os.network.wifi.randomMacAddressScan": true,
  balenaRootCA: Buffer.from(pem).toString("base64"),
  mixpanelToken: "token",
};
const keys = Object.values(configKeys).map(({ key }) => key);
const evil = [
  "a\nExecStart=/bin/sh",
  "[x]\ny=1",
  "https://a\n[device]\nb=c",
  "1.1.1.1\nserver=/evil/6.6.6.6",
  "time.example.com\npool evil",
  "ssh-ed25519 AAAA\nssh-rsa BBBB",
  "a\\",
  " a",
  "x;y",
  "\u0085",
  "x\r",
  "x\0",
  "../../etc/passwd",
];
const value = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(...evil),
  fc
    .tuple(fc.constantFrom(...Object.values(sound)), fc.constantFrom(...evil))
    .map(([good, bad]) => `${String(good)}${bad}`),
  fc.array(fc.oneof(fc.string(), fc.constantFrom(...evil))),
  fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...evil)), fc.string()),
);
const withAll = (set: Iterable<readonly [string, unknown]>): Json =>
  [...set].reduce((json, [key, each]) => withValueAt(json, key, each), {} as Json);
/** Sound values, some of them replaced by anything. */
const anyConfig = fc
  .tuple(fc.subarray(Object.entries(sound)), fc.array(fc.tuple(fc.constantFrom(...keys), value)))
  .map(([good, bad]) => withAll([...good, ...bad]));

function render(config: unknown) {
  const parsed = parseHostConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(parsed.reason);
  return renderHostConfig(parsed.config, { consoles: ["tty0", "ttyS0"], hasSerialLogin: true, hasWireless: true });
}

const isRule = (path: string): boolean => /^\/etc\/udev\/rules\.d\/\w[\w.@+-]*\.rules$/.test(path);

it("renders each file that it knows, and the test knows each", () => {
  const { files } = render(withAll(Object.entries(sound)));
  expect(new Set(files.filter(({ path }) => !isRule(path)).map(({ path }) => path))).toEqual(
    new Set(Object.keys(lines)),
  );
  for (const { content } of files) expect(content).toBeDefined();
});

it("never lets a value become a second line, section or file", () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      const { files } = render(config);
      expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
      for (const { path, content = "" } of files.filter((file) => !isRule(file.path))) {
        const pattern = lines[path] ?? /^never$/;
        for (const line of content
          .replace(/\n$/, "")
          .split("\n")
          .filter(() => content !== ""))
          expect(line).toMatch(pattern);
        expect(content).not.toMatch(/[\r\0\u0085\u2028\u2029]/);
      }
    }),
    { numRuns: 300 },
  );
});

it("gives the same output for the same input", () => {
  fc.assert(
    fc.property(anyConfig, (config) => {
      expect(render(config)).toEqual(render(config));
    }),
  );
});

it("never cares for keys that nobody knows", () => {
  fc.assert(
    fc.property(anyConfig, fc.dictionary(fc.string(), fc.jsonValue()), (config, others) => {
      const strange = Object.fromEntries(Object.entries(others).map(([name, each]) => [`x-${name}`, each]));
      expect(render({ ...strange, ...config })).toEqual(render(config));
      const os = { ...strange, ...(config["os"] as Json | undefined) };
      expect(render({ ...config, os }).files).toEqual(render(config).files);
    }),
  );
});
