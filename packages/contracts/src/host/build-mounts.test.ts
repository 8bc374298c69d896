import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type BuildMounts, buildMountsOf, nameBuildMounts, withCgroupParent } from "./build-mounts.ts";

const path = fc.string({ unit: "binary" }).map((text) => `/${text}`);
const mount = fc.record({ source: path, destination: path, isReadOnly: fc.boolean() });
const anyMounts: fc.Arbitrary<BuildMounts> = fc.record(
  { mounts: fc.array(mount), cgroupParent: fc.string() },
  { requiredKeys: ["mounts"] },
);

it("carries mounts through the path of a cgroup, as each of the engine's drivers writes it", () => {
  fc.assert(
    fc.property(anyMounts, (mounts) => {
      const name = nameBuildMounts(mounts);
      expect(name).toMatch(/^[a-z0-9-]+\.slice$/);
      expect(buildMountsOf(`${name}:docker:0123`)).toEqual(mounts);
      expect(buildMountsOf(`/${name}/0123`)).toEqual(mounts);
    }),
  );
});

it("puts the cgroup back to where it belongs", () => {
  const name = nameBuildMounts({ mounts: [] });
  expect(withCgroupParent(`${name}:docker:0123`, "apps.slice")).toBe("apps.slice:docker:0123");
  expect(withCgroupParent(`/${name}/0123`, "/docker")).toBe("/docker/0123");
  expect(withCgroupParent(`/${name}/0123`, "mine")).toBe("/mine/0123");
});

it("finds no mounts in any other path", () => {
  for (const other of ["apps.slice:docker:0123", "/docker/0123", "holdfast-build-.slice:docker:1", ""]) {
    expect(buildMountsOf(other)).toBeUndefined();
  }
  const digitsOf = (text: string): string =>
    text.replace(/./g, (one) => one.charCodeAt(0).toString(16).padStart(4, "0"));
  for (const text of [
    "not json",
    "{}",
    '{"mounts":[{}]}',
    '{"mounts":[{"source":"a","destination":"/b","isReadOnly":true}]}',
  ]) {
    expect(buildMountsOf(`holdfast-build-${digitsOf(text)}.slice:docker:1`)).toBeUndefined();
  }
});
