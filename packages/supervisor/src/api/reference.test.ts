import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { ApplyBench } from "../testing/apply-bench.ts";
import { apiReference } from "./reference.ts";
import { type ApiParts, deviceRoutes } from "./routes.ts";

/** The routes as they are registered; none of them is asked anything. */
function registered(status: ApiParts["self"]["status"]): string[] {
  const never = () => Promise.reject(new Error("not asked"));
  const routes = deviceRoutes({
    device: {
      version: "",
      info: () => ({ arch: "", deviceType: "" }),
      name: () => "",
      isLocalMode: () => false,
      isHealthy: () => false,
      status,
      localTarget: () => undefined,
      setLocalTarget: never,
    },
    self: {
      version: "",
      status,
      apiPort: () => 0,
      osVersion: () => "",
      addresses: never,
      vpn: never,
      hasFailed: () => false,
    },
    actions: {
      status,
      carryOut: never,
      reboot: never,
      shutdown: never,
      update: () => false,
      replaceKey: never,
      environmentOf: never,
      removeVolume: never,
    },
    hostConfig: { read: never, write: never },
    host: { withLocks: never },
    tags: () => undefined,
    updates: {
      status,
      failureOf: () => undefined,
      isHolding: () => false,
      waiting: () => undefined,
      hold: never,
      release: never,
    },
    logs: { listen: () => () => {} },
    journalctl: [],
    network: { ask: never },
    builds: { announce: never, receive: never, build: never },
    takesBuilds: () => false,
  });
  return routes.map(({ method, path }) => `${method} ${path}`);
}

describe("the reference of the device API", () => {
  it("names every endpoint that is registered, and no other", async () => {
    await using bench = new ApplyBench();
    expect(Object.keys(apiReference).sort()).toEqual(registered(() => bench.loop.status()).sort());
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
