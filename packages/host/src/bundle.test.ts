import { expect, it } from "vitest";
import { bundleHostPrograms } from "./bundle.ts";

it("bundles every program into one small module that imports nothing", async () => {
  const programs = await bundleHostPrograms();
  expect([...programs.keys()]).toContain("find-root");
  for (const [name, bytes] of programs) {
    const text = new TextDecoder().decode(bytes);
    expect(text, name).not.toMatch(/(^|[;}])import[ *{"]|\bimport\(|\brequire\(/);
    expect(bytes.length, name).toBeLessThan(40_000);
    // QuickJS has none of these.
    expect(text, name).not.toMatch(/\b(TextDecoder|TextEncoder|structuredClone|Buffer|process\.)\b/);
  }
});

it("gives the same bytes each time", async () => {
  expect(await bundleHostPrograms()).toEqual(await bundleHostPrograms());
});
