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

const VPN_TEST = "e2e/device-vpn.e2e.test.ts";
/** A key that os-config and the tunnel follow at once. */
const followed = (...input: Parameters<typeof kept<string>>) => ({
  ...kept<string>(...input),
  when: "live" as const,
  test: VPN_TEST,
});

/** The fleet server's keys: written by provisioning, kept by the supervisor and os-config. */
export const serverKeys = {
  apiEndpoint: followed(
    "apiEndpoint",
    "http or https address",
    httpAddress,
    "the fleet server; without it the device is unmanaged. Its services' configuration is fetched at once; the supervisor reads it when it starts",
  ),
  apiKey: followed(
    "apiKey",
    "text in one line",
    anyText,
    "provisioning key; the tunnel logs in with it until it is removed, once the device is registered",
  ),
  deviceApiKey: followed(
    "deviceApiKey",
    "text in one line",
    anyText,
    "the device's own key for server, VPN and registry; made on the first boot",
  ),
  deviceApiKeys: {
    ...kept("deviceApiKeys", "object: host -> key", anyObject, "keys of servers that the device was joined to"),
    when: "live" as const,
    test: VPN_TEST,
  },
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
