import { expect, it } from "vitest";
import { bundleHostPrograms } from "./bundle.ts";

it("bundles every program into one small module that imports nothing", async () => {
  const programs = await bundleHostPrograms();
  expect([...programs.keys()]).toContain("find-root");
  for (const [name, bytes] of programs) {
    const text = new TextDecoder().decode(bytes);
    expect(text, name).not.toMatch(/(^|[;}])import[ *{"]|\bimport\(|\brequire\(/);
    // The doctor knows config.json, every service and what to do about each: it runs when a person asks, never at boot.
    expect(bytes.length, name).toBeLessThan(name === "doctor" ? 80_000 : 40_000);
    // QuickJS has none of these.
    expect(text, name).not.toMatch(/\b(TextDecoder|TextEncoder|structuredClone|Buffer|process\.)\b/);
  }
});

it("gives the same bytes each time", async () => {
  expect(await bundleHostPrograms()).toEqual(await bundleHostPrograms());
});
