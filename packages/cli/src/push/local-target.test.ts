import { fromLocalApps, localTargetState } from "@holdfast/contracts";
import type { ComposeProject } from "@holdfast/image";
import { describe, expect, it } from "vitest";
import { formerTarget, localTarget } from "./local-target.ts";
import { parseVariable } from "./variable.ts";

const service = (name: string) => ({
  name,
  source: { build: { context: name, dockerfile: "Dockerfile", args: {} } },
  environment: { LEVEL: "info" },
  labels: {},
  composition: { ports: ["80:80"] },
});
const project = (...names: string[]): ComposeProject => ({
  name: "shop",
  services: names.map(service),
  volumes: { data: {} },
  networks: {},
  warnings: [],
});
const empty = { local: { name: "box", config: { SUPERVISOR_POLL_INTERVAL: "60000" }, apps: {} } };
const images = (...names: string[]) => new Map(names.map((name) => [name, `local_image_${name}:1`]));
const parse = (target: object) => localTargetState.parse(target);

describe("the target of a push", () => {
  it("is one app under balena's names, and a device takes it", () => {
    const target = parse(localTarget({ project: project("web"), images: images("web"), variables: [], former: empty }));
    expect(target.local).toMatchObject({ name: "box", config: { SUPERVISOR_POLL_INTERVAL: "60000" } });
    const [app] = Object.values(fromLocalApps(target.local.apps));
    expect(app).toMatchObject({ id: 1, name: "localapp" });
    expect(app?.releases["10ca12e1ea5e"]).toMatchObject({
      services: { web: { id: 1, image_id: 1, image: "local_image_web:1", composition: { ports: ["80:80"] } } },
      volumes: { data: {} },
    });
  });

  it("leaves a service its number when others come and go", () => {
    const first = localTarget({ project: project("b", "c"), images: images("b", "c"), variables: [], former: empty });
    const next = localTarget({
      project: project("a", "c"),
      images: images("a", "c"),
      variables: [],
      former: formerTarget.parse({ state: first }).state,
    });
    const numbers = Object.values(parse(next).local.apps["1"]?.services ?? {}).map(
      ({ serviceName, serviceId, imageId }) => [serviceName, serviceId, imageId],
    );
    expect(numbers).toEqual([
      ["a", 1, 1],
      ["c", 2, 2],
    ]);
  });

  it("keeps the image of a service that was not pushed, and refuses one that never was", () => {
    const first = localTarget({ project: project("a", "b"), images: images("a", "b"), variables: [], former: empty });
    const former = formerTarget.parse({ state: first }).state;
    const only = new Map([["a", "local_image_a:2"]]);
    const next = parse(localTarget({ project: project("a", "b"), images: only, variables: [], former }));
    expect(Object.values(next.local.apps["1"]?.services ?? {}).map(({ image }) => image)).toEqual([
      "local_image_a:2",
      "local_image_b:1",
    ]);
    expect(() => localTarget({ project: project("a", "new"), images: only, variables: [], former })).toThrow(
      '"new" is not on the device yet',
    );
  });

  it("sets variables for all services, or for one", () => {
    const variables = [parseVariable("LEVEL=debug"), parseVariable("a:URL=x=y:z")];
    const target = parse(
      localTarget({ project: project("a", "b"), images: images("a", "b"), variables, former: empty }),
    );
    expect(Object.values(target.local.apps["1"]?.services ?? {}).map(({ environment }) => environment)).toEqual([
      { LEVEL: "debug", URL: "x=y:z" },
      { LEVEL: "debug" },
    ]);
  });
});

describe("--env", () => {
  it.each(["LEVEL", "=x", "1A=x", "a b=x", ":A=x"])("refuses %j", (given) => {
    expect(() => parseVariable(given)).toThrow(expect.objectContaining({ code: "cli.usage" }));
  });

  it("takes empty values and line ends", () => {
    expect(parseVariable("A=")).toEqual({ name: "A", value: "" });
    expect(parseVariable("A=x\ny")).toEqual({ name: "A", value: "x\ny" });
  });
});
