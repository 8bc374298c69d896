import { refuse } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { HostActions } from "../host/host-actions.ts";
import type { HostConfigChange } from "../host/host-config-change.ts";
import type { Answer } from "./answer.ts";
import { BadBody } from "./body.ts";
import type { Ask } from "./router.ts";
import { v1HostConfigRoutes } from "./v1-host-config.ts";

async function ask(method: "GET" | "PATCH", body: unknown, options: { isLocked?: boolean; fails?: boolean } = {}) {
  const written: HostConfigChange[] = [];
  const files = {
    read: async () => {
      if (options.fails === true) throw new Error("the disk is gone");
      return { network: { hostname: "lamp" } };
    },
    write: async (change: HostConfigChange) => void written.push(change),
  };
  const host: Pick<HostActions, "withLocks"> = {
    withLocks: async ({ force }, work) => {
      const message = "Lockfile exists for { appId: 1, service: web }";
      if (options.isLocked === true && !force) refuse("supervisor.updates-locked", { message });
      return work();
    },
  };
  const route = v1HostConfigRoutes(files, host).find((each) => each.method === method);
  const request: Ask = {
    params: {},
    query: new URLSearchParams(),
    scope: { type: "app", appId: 1 },
    body: async () => {
      if (body instanceof Error) throw body;
      return body;
    },
  };
  const answer: Answer | undefined = await route?.answer(request);
  return { answer, written };
}

describe("/v1/device/host-config", () => {
  const change = { network: { hostname: "lamp" } };

  it("tells, and changes, what is asked for", async () => {
    expect((await ask("GET", {})).answer).toEqual({ status: 200, json: { network: { hostname: "lamp" } } });
    const { answer, written } = await ask("PATCH", change);
    expect(answer).toEqual({ status: 200, text: "OK" });
    expect(written).toEqual([{ hostname: "lamp" }]);
  });

  it("waits for update locks unless it is forced", async () => {
    const locked = await ask("PATCH", change, { isLocked: true });
    expect(locked.answer).toEqual({ status: 423, text: "Lockfile exists for { appId: 1, service: web }" });
    expect(locked.written).toEqual([]);
    expect((await ask("PATCH", { ...change, force: true }, { isLocked: true })).written).toHaveLength(1);
  });

  it("answers in text what cannot be done", async () => {
    expect((await ask("PATCH", {})).answer).toMatchObject({ status: 400, text: expect.stringMatching(/^network: /) });
    const broken = await ask("PATCH", new BadBody(400, "The body is not valid JSON"));
    expect(broken.answer).toEqual({ status: 400, text: "The body is not valid JSON" });
    expect((await ask("GET", {}, { fails: true })).answer).toEqual({ status: 503, text: "the disk is gone" });
  });
});
