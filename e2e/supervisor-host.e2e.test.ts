import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareScene } from "./engine/supervisor-scene.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-supervisor-host-"));
let engine: PrivateEngine;
let supervisor: SupervisorProcess;

/** A local target of one service, with what the fleet says of the device. */
const target = (config: Readonly<Record<string, string>>) => {
  const image = { imageId: 1, serviceId: 1, image: "test/app:1", running: true, command: ["sleep", "infinity"] };
  const one = { ...image, serviceName: "one", environment: {}, labels: {} };
  const app = { name: "app", commit: "c1", releaseId: "1", services: { 1: one }, volumes: {}, networks: {} };
  return { local: { name: "device", config, apps: { 1: app } } };
};

beforeAll(async () => {
  ({ engine, supervisor } = await prepareScene(scratch, ["test/app:1"]));
  writeFileSync(
    join(supervisor.directory, "config.json"),
    '{"uuid":"0123456789abcdef0123456789abcdef","apiKey":"kept"}',
  );
  await supervisor.start();
  await supervisor.post("/v2/local/target-state", target({ HOST_DISCOVERABILITY: "false" }));
  await supervisor.untilApplied("c1");
}, 60_000);

afterAll(() => endScene(scratch, [supervisor, engine]), 60_000);

describe("the supervisor and its host", () => {
  const patch = async (network: unknown, force = false) => {
    const answer = await supervisor.post("/v1/device/host-config", { network, force }, "PATCH");
    return [answer.status, await answer.text()];
  };
  const told = async () => await (await supervisor.get("/v1/device/host-config")).json();
  const fileOf = (name: string) => join(supervisor.directory, name);

  it("sets the host's name and proxy, and keeps the rest of config.json", async () => {
    const login = { login: "me", password: 'a"b\\c' };
    const proxy = { type: "socks5", ip: "198.51.100.7", port: 1080, ...login, noProxy: ["192.0.2.1"] };
    expect(await told()).toEqual({ network: { hostname: "0123456" } });
    expect(await patch({ hostname: "lamp", proxy })).toEqual([200, "OK"]);
    expect(await told()).toEqual({ network: { hostname: "lamp", proxy } });
    expect(JSON.parse(readFileSync(fileOf("config.json"), "utf8"))).toMatchObject({ apiKey: "kept", hostname: "lamp" });
    expect(await patch({ hostname: "no name" })).toEqual([400, expect.stringContaining("network.hostname")]);
  });

  it("does not while an app holds its update lock, unless it is forced", async () => {
    const [lock, conf] = [fileOf("runtime/services/1/one/updates.lock"), fileOf("system-proxy/redsocks.conf")];
    writeFileSync(lock, "");
    const reason = expect.stringContaining("Lockfile exists for { appId: 1, service: one }");
    expect(await patch({ proxy: {} })).toEqual([423, reason]);
    expect(existsSync(conf)).toBe(true);
    expect(await patch({ proxy: {} }, true)).toEqual([200, "OK"]);
    expect([existsSync(conf), existsSync(lock)]).toEqual([false, false]);
  });

  it("hands on whether the fleet wants the device to be found by name", async () => {
    const wish = fileOf("host/discoverability.json");
    expect(readFileSync(wish, "utf8")).toBe('{"discoverable":false}\n');
    await supervisor.post("/v2/local/target-state", target({}));
    await supervisor.until(async () => !existsSync(wish), "the wish is gone");
  });
});
