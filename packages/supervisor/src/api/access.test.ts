import { afterEach, describe, expect, it } from "vitest";
import { type ApiMode, isInLocalMode, needsApiKey } from "../device/api-access.ts";
import { ApiClient } from "../testing/api-client.ts";
import { idleParts } from "../testing/idle-parts.ts";
import { apiReference } from "./reference.ts";
import { deviceRoutes } from "./routes.ts";

const both = [false, true];
const modes: ApiMode[] = both.flatMap((isManaged) =>
  both.flatMap((isDevelopment) => both.map((isLocalModeAsked) => ({ isManaged, isDevelopment, isLocalModeAsked }))),
);
const routes = deviceRoutes(idleParts());
const endpoints = routes.map(({ method, path }) => ({
  method,
  path: path.replace(":appId", "1"),
  name: `${method} ${path}`,
}));
/** What compat 3 opens. */
const OPEN = ["GET /ping", "GET /v1/healthy"];

let client: ApiClient | undefined;
afterEach(async () => {
  await client?.[Symbol.asyncDispose]();
});

/** The status with that key; streams are not read to their end. */
async function statusOf(method: string, path: string, key: string): Promise<number> {
  const stop = new AbortController();
  const body = method === "GET" ? {} : { body: { appId: 1, serviceName: "web" } };
  const answer = await client?.request(method, path, { key, signal: stop.signal, ...body });
  stop.abort();
  return answer?.status ?? 0;
}

describe("who may use the device API", () => {
  it("is anybody in development mode, on a device that is unmanaged or in local mode, and nobody else", () => {
    const open = modes.filter((mode) => !needsApiKey(mode));
    expect(open).toEqual([
      { isManaged: false, isDevelopment: true, isLocalModeAsked: false },
      { isManaged: false, isDevelopment: true, isLocalModeAsked: true },
      { isManaged: true, isDevelopment: true, isLocalModeAsked: true },
    ]);
    expect(open.every(isInLocalMode)).toBe(true);
    expect(isInLocalMode({ isManaged: false, isDevelopment: false, isLocalModeAsked: false })).toBe(false);
  });

  it.each(modes)("is decided for every endpoint alike: %j", async (mode) => {
    client = await ApiClient.serve(routes, () => needsApiKey(mode));
    for (const { method, path, name } of endpoints) {
      const isOpen = OPEN.includes(name) || !needsApiKey(mode);
      for (const key of ["", "0".repeat(32), "g".repeat(31), `${"g".repeat(32)}x`])
        expect((await statusOf(method, path, key)) === 401, `${name} with key "${key}"`).toBe(!isOpen);
      expect(await statusOf(method, path, "g".repeat(32)), name).not.toBe(401);
    }
  });

  it("is as the reference says: nobody, any key, keys of the app, the owner", async () => {
    client = await ApiClient.serve(routes);
    const own = client.keys.keyFor(1, "web");
    const other = client.keys.keyFor(2, "web");
    for (const { method, path, name } of endpoints) {
      const needed = apiReference[name]?.key ?? "none";
      expect((await statusOf(method, path, own)) === 401, `${name}, own app`).toBe(needed === "owner");
      // The state of an app that is out of reach is as that of one that does not exist.
      const refused = name === "GET /v2/applications/:appId/state" ? 409 : 401;
      expect((await statusOf(method, path, other)) === refused, `${name}, other app`).toBe(
        needed === "owner" || needed === "app",
      );
    }
  });
});
