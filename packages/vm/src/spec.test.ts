import { expect, it } from "vitest";
import { parseVmSpec } from "./spec.ts";

const minimal = { name: "one", arch: "amd64", disk: "/images/one.img" } as const;

it("needs a name, an architecture and a disk only", () => {
  expect(parseVmSpec(minimal)).toMatchObject({ cpus: 2, memory: 1024 ** 3, network: "user", bus: "virtio", ports: {} });
});

it.each([
  ["a name that would leave the directory", { name: "../one" }, /name/],
  ["a relative image", { disk: "one.img" }, /disk: an absolute path/],
  ["secure boot on arm64", { arch: "arm64", secureBoot: true }, /amd64 devices only/],
  ["ports without a network", { network: "none", ports: { ssh: { guest: 22, host: 0 } } }, /no network/],
  ["a port out of range", { ports: { ssh: { guest: 70_000, host: 0 } } }, /ports\.ssh\.guest/],
] as const)("refuses %s and names the field", (_case, change, message) => {
  expect(() => parseVmSpec({ ...minimal, ...change })).toThrow(message);
});
