import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Scope } from "../device/key-ring.ts";
import { NetworkRequests } from "../host/network-requests.ts";
import { Router } from "./router.ts";
import { v3NetworkRoutes } from "./v3-network.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "network-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Plays the host for one request. @returns what it was asked */
async function playHost(answer: unknown): Promise<unknown> {
  const inbox = join(folder, "network");
  for (;;) {
    const name = (await readdir(inbox).catch(() => [])).find((file) => file.endsWith(".request"));
    if (name === undefined) {
      await sleep(10);
      continue;
    }
    const path = join(inbox, name);
    const asked: unknown = JSON.parse(await readFile(path, "utf8"));
    await rm(path);
    await writeFile(`${path}.new`, JSON.stringify(answer));
    await rename(`${path}.new`, path.replace(/request$/, "answer"));
    return asked;
  }
}

async function ask(method: string, path: string, content: unknown = {}, scope: Scope = { type: "global" }) {
  const match = new Router(v3NetworkRoutes(new NetworkRequests(folder))).find(method, path);
  if (match === undefined) throw new Error("no such route");
  const request = { params: match.params, query: new URLSearchParams(), scope, body: async () => content };
  return await match.route.answer(request);
}

describe("/v3/network", () => {
  it("hands changes to the host and answers what the host says", async () => {
    const change = { connections: { wired: "[connection]", old: null }, confirmWithin: 60 };
    const host = playHost({ ok: true, status: "trying", id: "a", secondsLeft: 60 });
    expect(await ask("POST", "/v3/network", change)).toEqual({
      status: 202,
      json: { status: "trying", id: "a", secondsLeft: 60 },
    });
    expect(await host).toEqual({ verb: "apply", ...change });
    expect((await readdir(join(folder, "network"))).length).toBe(0);
  });

  it("tells a wrong change from one at the wrong time", async () => {
    for (const [code, status, verb] of [
      ["host.network-change-pending", 409, "confirm"],
      ["host.no-network-change", 409, "revert"],
      ["host.invalid-connection", 400, "revert"],
    ] as const) {
      void playHost({ ok: false, code, message: "no" });
      expect(await ask("POST", `/v3/network/${verb}`)).toMatchObject({ status, json: { code, message: "no" } });
    }
    await expect(ask("POST", "/v3/network", { connections: { a: 5 } })).rejects.toMatchObject({ family: "refusal" });
  });

  it("is for the owner's key only", async () => {
    const scope: Scope = { type: "app", appId: 1 };
    expect(await ask("GET", "/v3/network", {}, scope)).toMatchObject({ status: 401 });
  });
});
