import { expect, it } from "vitest";
import { compileGlobs } from "./path-globs.ts";

it.each([
  ["usr/share/doc/**", "usr/share/doc/a/b", true],
  ["usr/share/doc/**", "usr/share/doc", false],
  ["usr/lib/*/gconv/**", "usr/lib/x86_64-linux-gnu/gconv/X.so", true],
  ["usr/lib/*/gconv/**", "usr/lib/a/b/gconv/X.so", false],
  ["etc/default/*", "etc/default/ssh", true],
  ["a.b", "aXb", false],
])("%s against %s is %s", (glob, path, expected) => {
  expect(compileGlobs([glob])(path)).toBe(expected);
});
