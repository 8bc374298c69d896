import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { idleParts } from "../testing/idle-parts.ts";
import { apiReference } from "./reference.ts";
import { deviceRoutes } from "./routes.ts";

describe("the reference of the device API", () => {
  it("names every endpoint that is registered, and no other", () => {
    const registered = deviceRoutes(idleParts()).map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(apiReference).sort()).toEqual(registered.sort());
  });

  it.each(Object.entries(apiReference))("names a test that knows %s", async (endpoint, { test }) => {
    const text = await readFile(new URL(`../../../../${test}`, import.meta.url), "utf8");
    const last =
      endpoint
        .split("/")
        .at(-1)
        ?.replace(/-(service|api-key)$/, "") ?? "";
    const word = last.startsWith(":") ? endpoint.split("/").at(-2) : last;
    expect(text).toContain(word);
  });
});
