import { expect, it } from "vitest";
import { digestOf, normaliseReference, preloadTag, splitReference } from "./image-reference.ts";

const HEX = "0123456789abcdef".repeat(4);

it.each([
  ["nginx", "nginx:latest"],
  ["docker.io/library/nginx:1", "nginx:1"],
  ["registry.test:5000/a/b", "registry.test:5000/a/b:latest"],
  [`registry.test:5000/a@sha256:${HEX}`, `registry.test:5000/a@sha256:${HEX}`],
  [`a/b:1@sha256:${HEX}`, `a/b@sha256:${HEX}`],
])("writes %s as the engine lists it", (reference, expected) => {
  expect(normaliseReference(reference)).toBe(expected);
});

it("gives an archive's tag for a reference by digest", () => {
  expect(preloadTag(`registry.test:5000/a@sha256:${HEX}`)).toBe(
    "registry.test:5000/a:holdfast-0123456789abcdef0123456789abcdef",
  );
  expect(preloadTag("nginx")).toBe("nginx:latest");
});

it("splits name and tag or digest", () => {
  expect(splitReference("registry.test:5000/a")).toEqual({ name: "registry.test:5000/a", tag: "latest" });
  expect(splitReference(`a@sha256:${HEX}`)).toEqual({ name: "a", tag: `sha256:${HEX}` });
  expect(digestOf(`a@sha256:${HEX}`)).toBe(`sha256:${HEX}`);
});
