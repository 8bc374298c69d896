import { parseWire, wireApps } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { type TestService, wireOf } from "../testing/fixtures.ts";
import { targetFromWire } from "./from-wire.ts";

const warnings = (services: Readonly<Record<string, TestService>>): readonly string[] =>
  targetFromWire(parseWire(wireApps, wireOf({ services }), "test")).warnings;
const on = (...ports: string[]): TestService => ({ composition: { ports } });

it("names both services that publish one port, and neither is refused", () => {
  expect(warnings({ a: on("80:1"), b: on("8000-8002:2000-2002"), c: on("80:3", "8001:5") })).toEqual([
    "app1: c publishes port 80/tcp, and so does app1: a: only one of them can start",
    "app1: c publishes port 8001/tcp, and so does app1: b: only one of them can start",
  ]);
});

it("sees a port that is published on one address and on all", () => {
  expect(warnings({ a: on("127.0.0.1:80:1"), b: on("80:1") })).toHaveLength(1);
  expect(warnings({ a: on("127.0.0.1:80:1"), b: on("10.0.0.1:80:1"), c: on("80:1/udp") })).toEqual([]);
});

it("does not count services that publish nothing", () => {
  const hosted = { composition: { network_mode: "host", ports: ["80:1"] } };
  expect(warnings({ a: on("80:1"), b: hosted, c: { ...on("80:1"), running: false } })).toEqual([]);
});
