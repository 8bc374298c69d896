import { parseWire, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type TestApp, wireOf } from "../testing/fixtures.ts";
import { targetFromWire } from "./from-wire.ts";

const translate = (app: TestApp) => targetFromWire(parseWire(wireApps, wireOf(app), "test"));

describe("a target from the wire", () => {
  it("always has a default network and knows volumes that are only used", () => {
    const target = translate({ services: { web: { composition: { volumes: ["data:/data"] } } } });
    expect(Object.keys(target.apps[0]?.networks ?? {})).toEqual(["default"]);
    expect(Object.keys(target.apps[0]?.volumes ?? {})).toEqual(["data"]);
    expect(target.warnings).toEqual(["web: volume data is not defined; it is made with defaults"]);
  });

  it("drops unknown fields, bind mounts and foreign network modes with a warning each", () => {
    const composition = { links: [], volumes: ["/etc:/x"], network_mode: "container:abc" };
    const { apps, warnings } = translate({ services: { web: { composition } } });
    expect(apps[0]?.services[0]?.compose).toEqual({ volumes: [] });
    expect(warnings).toEqual([
      "web: Ignoring unsupported or unknown compose fields: links",
      "web: Ignoring invalid bind mount /etc:/x",
      "web: Ignoring network_mode container:abc: use service:<name>",
    ]);
  });

  it("rewrites io.resin labels and prefers the new name", () => {
    const labels = {
      "io.resin.features.resin-socket": "1",
      "io.resin.features.dbus": "1",
      "io.balena.features.dbus": "0",
    };
    expect(translate({ services: { web: { labels } } }).apps[0]?.services[0]?.labels).toEqual({
      "io.balena.features.balena-socket": "1",
      "io.balena.features.dbus": "0",
    });
  });

  it("leaves out host apps and the supervisor's own app", () => {
    const apps = {
      host: { id: 1, name: "host", is_host: true },
      "52e35121417640b1b28a680504e4039b": { id: 2, name: "supervisor" },
    };
    expect(targetFromWire(parseWire(wireApps, apps, "test")).apps).toEqual([]);
  });

  it("refuses cycles in depends_on and names them", () => {
    const on = (name: string) => ({ composition: { depends_on: [name] } });
    expect(() => translate({ services: { a: on("b"), b: on("c"), c: on("a"), d: on("a") } })).toThrow(
      /a -> b -> c -> a/,
    );
    expect(() => translate({ services: { a: { composition: { network_mode: "service:a" } } } })).toThrow(/cycle/);
  });

  it("refuses to share the network of a service that does not exist, ignores other unknown dependencies", () => {
    expect(() => translate({ services: { a: { composition: { network_mode: "service:x" } } } })).toThrow(
      /does not exist/,
    );
    const { apps, warnings } = translate({ services: { a: { composition: { depends_on: ["x"] } } } });
    expect(apps[0]?.services[0]?.compose.depends_on).toEqual({});
    expect(warnings).toHaveLength(1);
  });

  it("names app and service of a malformed composition", () => {
    expect(() => translate({ services: { web: { composition: { ports: ["x"] } } } })).toThrow(
      /app app1, service web: ports/,
    );
  });
});
