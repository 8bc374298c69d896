import { defineKey } from "./config-key.ts";
import { anyObject, anyText, flag, httpAddress, idText } from "./value-parsers.ts";

const PARSER_TEST = "packages/host/src/config/host-config.test.ts";

/** A key that tools write for others; the host only checks that it is what it should be. */
const kept = <T>(
  key: string,
  value: string,
  parse: Parameters<typeof defineKey<T | undefined>>[0]["parse"],
  effect: string,
) =>
  defineKey<T | undefined>({
    key,
    value,
    parse,
    absent: undefined,
    effect,
    when: "supervisor start",
    test: PARSER_TEST,
  });

const legacy = (key: string) => ({
  ...kept(key, "text or number", idText, "written by older tools; nothing acts on it"),
  when: "never" as const,
});

/** The fleet server's keys: written by provisioning, kept by the supervisor and os-config. */
export const serverKeys = {
  apiEndpoint: kept(
    "apiEndpoint",
    "http or https address",
    httpAddress,
    "the fleet server; without it the device is unmanaged",
  ),
  apiKey: kept("apiKey", "text in one line", anyText, "provisioning key; removed once the device is registered"),
  deviceApiKey: kept("deviceApiKey", "text in one line", anyText, "the device's own key for server, VPN and registry"),
  deviceApiKeys: kept(
    "deviceApiKeys",
    "object: host -> key",
    anyObject,
    "keys of servers that the device was joined to",
  ),
  applicationId: kept("applicationId", "number or text", idText, "fleet that the device registers in"),
  deviceId: kept("deviceId", "number or text", idText, "set by registration"),
  registeredAt: kept(
    "registered_at",
    "number or text",
    idText,
    "set by registration; with it the device does not register again",
  ),
  installer: {
    ...kept("installer", "object", anyObject, "settings of installer images; nothing acts on it"),
    when: "never" as const,
  },
  debug: { ...kept("debug", "`true` or `false`", flag, "nothing acts on it"), when: "never" as const },
  version: legacy("version"),
  registryEndpoint: legacy("registryEndpoint"),
  vpnEndpoint: legacy("vpnEndpoint"),
  vpnPort: legacy("vpnPort"),
  userId: legacy("userId"),
  applicationName: legacy("applicationName"),
  username: legacy("username"),
  pubnubSubscribeKey: legacy("pubnubSubscribeKey"),
  pubnubPublishKey: legacy("pubnubPublishKey"),
};
