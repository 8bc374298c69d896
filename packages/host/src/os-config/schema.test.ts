import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseSchema } from "./schema.ts";

const layer = new URL("../../../../os/layers/os-config/files/etc/os-config.json", import.meta.url);

it("reads the image's own file, which is what the device contract says", () => {
  const schema = parseSchema(readFileSync(layer, "utf8"));
  expect(schema.services).toEqual([
    {
      id: "openvpn",
      files: { config: "/etc/openvpn/openvpn.conf", ca: "/etc/openvpn/ca.crt" },
      units: ["prepare-openvpn.service", "openvpn.service"],
    },
  ]);
  expect(schema.keys).toHaveLength(14);
  expect(schema.keys).toContain("balenaRootCA");
  expect(schema.keys).not.toContain("uuid");
});

it.each(["", "{}", '{"services":[{"id":"x"}]}', '{"services":[{"id":"x","files":{"a":{"path":"etc/x"}}}]}'])(
  "stops at a file that was built wrong: %j",
  (text) => {
    expect(() => parseSchema(text)).toThrow("/etc/os-config.json");
  },
);
