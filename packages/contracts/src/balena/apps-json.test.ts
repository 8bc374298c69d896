import { describe, expect, it } from "vitest";
import { HoldfastError } from "../errors.ts";
import { parseAppsJson } from "./apps-json.ts";

const service = { id: 1, image_id: 2, image: "registry.test/a@sha256:1", environment: { A: 1 }, labels: {} };
const release = { id: 5, services: { web: service }, volumes: { data: {} }, networks: { back: null } };
const app = { id: 7, name: "shop", releases: { abc: release } };

describe("apps.json", () => {
  it("reads the form of the target state and fills in what may be left out", () => {
    const { apps, config, pinDevice } = parseAppsJson({ config: { V: 1 }, apps: { uuid7: app }, pinDevice: true });
    expect(config).toEqual({ V: "1" });
    expect(pinDevice).toBe(true);
    expect(apps["uuid7"]?.class).toBe("fleet");
    expect(apps["uuid7"]?.releases["abc"]?.services["web"]).toMatchObject({ running: true, environment: { A: "1" } });
    expect(apps["uuid7"]?.releases["abc"]?.networks).toEqual({ back: {} });
  });

  it("converts apps keyed by number", () => {
    const old = {
      config: {},
      apps: {
        "7": {
          name: "shop",
          commit: "abc",
          releaseId: 5,
          services: {
            "1": { serviceName: "web", imageId: 2, image: "a:1", environment: {}, labels: {}, privileged: true },
          },
          volumes: { data: {} },
          networks: {},
        },
      },
    };
    const web = parseAppsJson(old).apps["7"]?.releases["abc"]?.services["web"];
    expect(web).toMatchObject({ id: 1, image_id: 2, image: "a:1", composition: { privileged: true } });
  });

  it("converts an array of single-container apps with their former privileges", () => {
    const { apps, config } = parseAppsJson([
      {
        appId: 7,
        name: "shop",
        commit: "abc",
        imageId: "a:1",
        env: { A: "1", RESIN_X: "2" },
        config: { RESIN_SUPERVISOR_DELTA: "1" },
      },
    ]);
    const main = apps["7"]?.releases["abc"]?.services["main"];
    expect(config).toEqual({ RESIN_SUPERVISOR_DELTA: "1" });
    expect(main?.environment).toEqual({ A: "1" });
    expect(main?.composition).toMatchObject({ privileged: true, network_mode: "host", volumes: ["resin-data:/data"] });
    expect(apps["7"]?.releases["abc"]?.volumes).toEqual({ "resin-data": {} });
  });

  it("takes an empty file as nothing to preload", () => {
    expect(parseAppsJson({})).toEqual({ config: {}, apps: {}, pinDevice: false });
  });

  it.each([
    ["a path trick in a service's name", { "../up": service }],
    ["a name with a slash", { "a/b": service }],
    ["an image with spaces", { web: { ...service, image: "a b" } }],
    ["a service without an image", { web: { id: 1, image_id: 2 } }],
    ["a variable with a line break in its name", { web: { ...service, environment: { "A\nB": "1" } } }],
  ])("refuses %s as a whole", (_, services) => {
    const bad = { apps: { uuid7: { ...app, releases: { abc: { ...release, services } } } } };
    expect(() => parseAppsJson(bad)).toThrow(HoldfastError);
  });

  it("refuses what is too deep or too large before looking at its shape", () => {
    let deep: unknown = {};
    for (let level = 0; level < 10_000; level += 1) deep = { a: deep };
    expect(() => parseAppsJson({ apps: deep })).toThrow(/nested deeper/);
    expect(() => parseAppsJson({ apps: {}, extra: Array.from({ length: 100_001 }, () => 0) })).toThrow(/more than/);
  });

  it("names app, release and field of what is wrong", () => {
    const bad = {
      apps: { uuid7: { ...app, releases: { abc: { ...release, services: { web: { ...service, id: "x" } } } } } },
    };
    expect(() => parseAppsJson(bad)).toThrow(/uuid7\.releases\.abc\.services\.web\.id/);
  });
});
