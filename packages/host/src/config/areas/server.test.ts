import { expect, it } from "vitest";
import { parseHostConfig } from "../host-config.ts";
import { renderServer } from "./server.ts";

const uuid = "0123456789abcdef0123456789abcdef";
const before = { uuid, apiEndpoint: "https://api.example.com", apiKey: "prov", deviceApiKey: "own" };

/** Units that are restarted when the second configuration replaces the first. */
function restarted(from: object, to: object): readonly string[] {
  const [former = [], now = []] = [from, to].map((config) => {
    const parsed = parseHostConfig(JSON.stringify(config));
    if (!parsed.ok) throw new Error(parsed.reason);
    return renderServer(parsed.config, { consoles: [], hasSerialLogin: true, hasWireless: false });
  });
  return now.flatMap((file, index) => {
    const old = former[index];
    if (!("path" in file) || old === undefined || !("path" in old) || old.content === file.content) return [];
    return (file.onChange ?? []).flatMap((action) => ("unit" in action ? [action.unit] : []));
  });
}

it("fetches the services' configuration from another server, and logs the tunnel in anew with another key", () => {
  expect(restarted(before, { ...before, apiEndpoint: "https://other" })).toEqual(["os-config.service"]);
  expect(restarted(before, { ...before, apiKey: null })).toEqual(["prepare-openvpn.service"]);
  expect(restarted(before, { ...before, deviceApiKey: "new" })).toEqual(["prepare-openvpn.service"]);
  expect(restarted(before, { ...before, hostname: "pump", logsEndpoint: "https://l" })).toEqual([]);
});

it("keeps no key in its marks", () => {
  const parsed = parseHostConfig(JSON.stringify(before));
  expect(
    JSON.stringify(
      renderServer(parsed.ok ? parsed.config : ({} as never), {
        consoles: [],
        hasSerialLogin: true,
        hasWireless: false,
      }),
    ),
  ).not.toMatch(/prov|"own/);
});
