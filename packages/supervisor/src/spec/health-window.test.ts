import { expect, it } from "vitest";
import { healthWindow } from "./health-window.ts";

const of = (...texts: (string | undefined)[]) =>
  healthWindow(
    texts.map((text): Record<string, string> => (text === undefined ? {} : { "io.holdfast.health.window": text })),
  );

it("is the longest that a service asks for", () => {
  expect(of("90s", undefined, "2m", "off")).toBe(120_000);
  expect(of("45")).toBe(45_000);
});

it("is off only when that is all that is said, and the default when nothing is", () => {
  expect(of("0", "off", "FALSE")).toBe("off");
  expect(of(undefined, "soon")).toBe("default");
  expect(of()).toBe("default");
});
