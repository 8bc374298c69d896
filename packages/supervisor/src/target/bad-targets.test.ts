import { fromLocalApps, HoldfastError, localTargetState, parseWire, wireApps } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type TestApp, type TestService, wireOf } from "../testing/fixtures.ts";
import { targetFromWire } from "./from-wire.ts";

const web = (service: Record<string, unknown>): unknown => wireOf({ services: { web: service as TestService } });
const composed = (composition: Record<string, unknown>): unknown => web({ composition });
const appWith = (app: Partial<TestApp>): unknown => wireOf({ services: {}, ...app });
const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
};
const { uuid1: plain } = wireOf({ services: { web: {} } });

/** What is no target at all: refused as a whole, the former one stays. */
const refused: readonly (readonly [string, unknown, RegExp])[] = [
  ["a text", "apps", /expected record/],
  ["a list", [], /expected record/],
  ["null", null, /expected record/],
  ["an app that is a number", { uuid1: 5 }, /uuid1/],
  ["100,000 levels", { uuid1: deep(100_000) }, /nested deeper than 24/],
  ["two million values", { uuid1: Array.from({ length: 2_000_000 }, () => 0) }, /more than 100000 values/],
  ["an environment of one huge text", web({ environment: { A: "x".repeat(300_000) } }), /exceeds 262144/],
  ["two apps with one id", { a: plain, b: plain }, /a and b have the same id, 1/],
  ["a service depending on itself", composed({ depends_on: ["web"] }), /cycle: web -> web/],
  ["a name with NUL", wireOf({ services: { "we\u0000b": {} } }), /must start with a letter/],
  ["a name in another script", wireOf({ services: { wéb: {} } }), /must start with a letter/],
  ["a path as a service", wireOf({ services: { "../../etc": {} } }), /must start with a letter/],
  ["a path as a volume", appWith({ volumes: { "../../etc": {} } }), /must start with a letter/],
  ["a path as a network", appWith({ networks: { "a/../b": {} } }), /must start with a letter/],
  ["a path as a commit", appWith({ commit: "../x" }), /must start with a letter/],
  ["a path as a dependency", composed({ depends_on: ["../x"] }), /depends_on/],
  ["a path as a network to join", composed({ networks: { "../x": null } }), /networks/],
  ["a volume with a relative target", composed({ volumes: ["data:../x"] }), /is not a volume/],
  ["an image with a space", web({ image: "a b" }), /must not contain spaces/],
  ["an image that is empty", web({ image: "" }), /image/],
  ["an image that is a number", web({ image: 5 }), /image/],
  ["an id that is a name", web({ id: "web" }), /must be a number/],
  ["an id below zero", web({ id: -1 }), /uuid1/],
  ["running in words", web({ running: "yes" }), /running/],
  ["a variable with a space in its name", web({ environment: { "A B": "1" } }), /environment variable/],
  ["a label with a line break in its name", web({ labels: { "a\nb": "1" } }), /name of a label/],
  ["a port out of range", composed({ ports: ["99999:80"] }), /is not a port/],
  ["a port range without end", composed({ ports: ["1-60000:1-60000"] }), /is not a port/],
  ["ports as a text", composed({ ports: "80:80" }), /web: ports/],
  ["a healthcheck that is a list", composed({ healthcheck: [] }), /web: healthcheck/],
  ["an unknown condition", composed({ depends_on: { web: { condition: "service_loved" } } }), /depends_on/],
  ["devices as a map", composed({ devices: { a: "b" } }), /web: devices/],
  ["a limit in words", composed({ pids_limit: "many" }), /must be a number/],
];

describe("a bad target", () => {
  it.each(refused)("is refused with a reason: %s", (_, apps, reason) => {
    const take = () => targetFromWire(parseWire(wireApps, apps, "The target state"));
    expect(take).toThrow(reason);
    expect(take).toThrow(expect.objectContaining({ code: "supervisor.invalid-target", family: "refusal" }));
  });

  it.each<readonly [string, Record<string, object>, RegExp]>([
    [
      "two services with one name",
      { 1: { name: "a", services: { 1: { serviceName: "web", image: "i" }, 2: { serviceName: "web", image: "i" } } } },
      /service web of app 1 twice/,
    ],
    ["two apps with one uuid", { 1: { name: "a", uuid: "u" }, 2: { name: "b", uuid: "u" } }, /app u twice/],
    ["an app with another's number as its uuid", { 1: { name: "a" }, 2: { name: "b", uuid: "1" } }, /app 1 twice/],
  ])("is refused in the local form, too: %s", (_, apps, reason) => {
    const { local } = parseWire(localTargetState, { local: { apps } }, "The target state");
    expect(() => fromLocalApps(local.apps)).toThrow(reason);
    expect(() => fromLocalApps(local.apps)).toThrow(HoldfastError);
  });
});

/** What compose files in the field contain and a device can live with. */
const taken: readonly (readonly [string, Record<string, unknown>, RegExp | undefined])[] = [
  ["numbers and truths where texts belong", { user: 1000, command: ["sleep", 5], hostname: "h" }, undefined],
  ["names of containers", { container_name: "../../x" }, /Ignoring unsupported.*container_name/],
  ["a bind mount", { volumes: ["/etc:/host"] }, /Ignoring invalid bind mount \/etc:\/host/],
  ["a bind mount by a relative path", { volumes: ["../../etc:/host"] }, /Ignoring invalid bind mount/],
  ["a bind mount in the long form", { volumes: [{ type: "bind", source: "/", target: "/h" }] }, /invalid bind mount/],
  ["another's network namespace", { network_mode: "container:supervisor" }, /Ignoring network_mode/],
  ["a network that nobody defines", { networks: ["none-such"] }, /not defined; it is not joined/],
  ["a dependency that is not there", { depends_on: ["ghost"] }, /ghost, which does not exist/],
  ["fields of tomorrow", { "x-new": 1, attach: false }, /attach, x-new/],
  [
    "fields named as an object's own",
    JSON.parse('{"__proto__": {"privileged": true}, "constructor": 1}'),
    /constructor/,
  ],
];

describe("an odd target", () => {
  it.each(taken)("is taken, with a warning where something is lost: %s", (_, composition, warning) => {
    const { apps, warnings } = targetFromWire(parseWire(wireApps, composed(composition), "test"));
    expect(apps[0]?.services[0]?.compose.privileged).toBeUndefined();
    if (warning === undefined) expect(warnings).toEqual([]);
    else expect(warnings.join("\n")).toMatch(warning);
  });

  it.each<readonly [string, string, RegExp | undefined]>([
    ["as long as Linux takes", "x".repeat(131_069), undefined],
    ["one byte longer", "x".repeat(131_070), /web: variable A takes 131073 bytes; .* more than 131072/],
    ["longer in bytes than in characters", "ü".repeat(70_000), /web: variable A takes 140003 bytes/],
    ["with NUL", "a\u0000b", /web: variable A contains NUL/],
  ])("is taken with a warning when a variable cannot arrive: %s", (_, value, warning) => {
    const { apps, warnings } = targetFromWire(parseWire(wireApps, web({ environment: { A: value } }), "test"));
    expect(apps[0]?.services[0]?.environment["A"]).toBe(value);
    expect(warnings.join("\n")).toMatch(warning ?? /^$/);
  });

  it("may have services that share an id, texts in other scripts, and NUL in a value", () => {
    const services = { a: { id: 1, environment: { A: "ü\u0000" } }, b: { id: 1, labels: { l: "\u{1f980}" } } };
    const { apps } = targetFromWire(parseWire(wireApps, wireOf({ services }), "test"));
    expect(apps[0]?.services.map(({ name, id }) => [name, id])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });
});
