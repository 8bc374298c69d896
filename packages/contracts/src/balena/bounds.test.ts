import { describe, expect, it } from "vitest";
import { checkBounds } from "./bounds.ts";
import { parseWire } from "./parse-wire.ts";
import { wireApps } from "./target-state.ts";

const LEVELS = 200_000;

describe("a document from outside", () => {
  it("is refused when it is nested deeper than any real one, without exhausting the stack", () => {
    const arrays: unknown = JSON.parse("[".repeat(LEVELS) + "]".repeat(LEVELS));
    expect(() => checkBounds(arrays)).toThrow(/nested deeper than 24 levels/);
    const objects: unknown = JSON.parse(`${'{"a":'.repeat(LEVELS)}1${"}".repeat(LEVELS)}`);
    expect(() => parseWire(wireApps, objects, "test")).toThrow(/nested deeper/);
  });

  it("is refused when it has too many values, or too long a text", () => {
    expect(() => checkBounds(Array.from({ length: 100_001 }, () => 1))).toThrow(/more than 100000 values/);
    expect(() => checkBounds({ a: "x".repeat(256 * 1024 + 1) })).toThrow(/exceeds 262144 characters/);
  });

  it("may be a target of a hundred services with everything that they can have", () => {
    const service = {
      id: 1,
      image_id: 1,
      image: `registry.test/v2/${"a".repeat(32)}@sha256:${"b".repeat(64)}`,
      environment: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`VARIABLE_${at}`, "x".repeat(500)])),
      labels: Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`label.${at}`, "1"])),
      composition: { ports: Array.from({ length: 50 }, (_, at) => `${8000 + at}:${at + 1}`) },
    };
    const services = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`service${at}`, service]));
    expect(() =>
      parseWire(wireApps, { app: { id: 1, name: "a", releases: { one: { id: 1, services } } } }, "t"),
    ).not.toThrow();
  });
});

describe("a name that becomes part of a path", () => {
  const service = { id: 1, image_id: 1, image: "img:1" };
  const app = (release: object, commit = "one") => ({
    u: { id: 1, name: "a", releases: { [commit]: { id: 1, ...release } } },
  });

  it.each(["../up", "..", ".hidden", "a/b", "a\\b", "a\u0000b", "-rf", "", "a b", "x".repeat(256), "ä"])(
    "is refused as service, volume, network, commit and app: %j",
    (name) => {
      const documents = [
        app({ services: { [name]: service } }),
        app({ volumes: { [name]: {} } }),
        app({ networks: { [name]: {} } }),
        app({}, name),
        { [name]: { id: 1, name: "a" } },
      ];
      for (const document of documents) {
        expect(() => parseWire(wireApps, document, "test")).toThrow(
          expect.objectContaining({ code: "supervisor.invalid-target" }),
        );
      }
    },
  );

  it("cannot reach into an object's prototype", () => {
    const namesOf = (services: unknown) =>
      Object.keys(parseWire(wireApps, app({ services }), "test")["u"]?.releases["one"]?.services ?? {});
    expect(namesOf(JSON.parse('{"__proto__": {"id": 1, "image_id": 1, "image": "x"}}'))).toEqual([]);
    expect(namesOf({ constructor: service })).toEqual(["constructor"]);
    expect(Object.hasOwn(Object.prototype, "image")).toBe(false);
  });
});
