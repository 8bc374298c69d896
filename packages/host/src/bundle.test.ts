import { expect, it } from "vitest";
import { bundleHostPrograms } from "./bundle.ts";

it("bundles every program into one small module that imports nothing but QuickJS's own modules", async () => {
  const programs = await bundleHostPrograms();
  expect([...programs.keys()]).toContain("find-root");
  for (const [name, bytes] of programs) {
    const text = new TextDecoder().decode(bytes);
    const imported = [...text.matchAll(/\bimport\b[^;]*?from"([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(imported), name).toEqual(new Set(["os", "std"]));
    expect(bytes.length, name).toBeLessThan(40_000);
    // QuickJS has none of these.
    expect(text, name).not.toMatch(/\b(TextDecoder|TextEncoder|structuredClone|Buffer|process\.)\b/);
  }
});

it("gives the same bytes each time", async () => {
  expect(await bundleHostPrograms()).toEqual(await bundleHostPrograms());
});
