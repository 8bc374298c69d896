import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PrivateEngine } from "./engine/private-engine.ts";
import type { SupervisorProcess } from "./engine/supervisor-process.ts";
import { endScene, prepareScene } from "./engine/supervisor-scene.ts";

const FOREVER = ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait $!; done"];
const MIB = 1024 * 1024;

type Service = Record<string, unknown>;
const appOf = (commit: string, services: Record<string, Service>, more: object = {}): object => ({
  name: "shop",
  commit,
  services: Object.fromEntries(
    Object.entries(services).map(([serviceName, service], at) => [
      String(at + 1),
      { imageId: at + 1, serviceId: at + 1, serviceName, image: "test/app:1", command: FOREVER, ...service },
    ]),
  ),
  ...more,
});
const stateOf = (apps: object): object => ({ local: { name: "bench", apps } });

type AppView = { readonly commit: string; readonly services: Record<string, { readonly failure: string | null }> };

const scratch = mkdtempSync(join(tmpdir(), "holdfast-bad-input-"));
let engine: PrivateEngine;
let supervisor: SupervisorProcess;

const idOf = async (service: string) => (await engine.client.containers()).get(service)?.Id;
const apps = async () => ((await (await supervisor.get("/v3/updates")).json()) as { apps: AppView[] }).apps;
const post = (body: string) =>
  fetch(`http://127.0.0.1:${supervisor.port}/v2/local/target-state`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });

beforeAll(async () => {
  ({ engine, supervisor } = await prepareScene(scratch, ["test/app:1"]));
  await supervisor.start();
  await supervisor.post("/v2/local/target-state", stateOf({ 1: appOf("good", { good: {} }) }));
  await supervisor.untilApplied("good");
}, 60_000);

afterAll(() => endScene(scratch, [supervisor, engine]), 60_000);

const deep = `{"local":{"apps":${'{"1":'.repeat(100_000)}1${"}".repeat(100_000)}}}`;
const twins = { 1: { serviceName: "web", image: "test/app:1" }, 2: { serviceName: "web", image: "test/app:1" } };
const app = (services: Record<string, Service>, more: object = {}) =>
  JSON.stringify(stateOf({ 1: appOf("bad", services, more) }));

describe("bad input on a real engine, for a process with 64 MB of heap", () => {
  it.each<readonly [string, () => string, number, RegExp]>([
    ["no JSON", () => '{"local":', 400, /not valid JSON/],
    ["50 MB", () => " ".repeat(50 * MIB), 413, /exceeds 10485760 bytes/],
    ["9 MB of lists in lists", () => "[".repeat(9 * MIB), 400, /nested deeper than 24/],
    ["9 MB of empty objects", () => `[${"{},".repeat(3 * MIB)}{}]`, 400, /more than 40000 values/],
    ["100,000 levels", () => deep, 400, /nested deeper than 24/],
    ["a cycle", () => app({ a: { depends_on: ["b"] }, b: { depends_on: ["a"] } }), 400, /cycle: a -> b -> a/],
    ["a path as a name", () => app({ "../../up": {} }), 400, /must start with a letter/],
    ["a path as a volume", () => app({}, { volumes: { "../v": {} } }), 400, /must start with a letter/],
    ["NUL in a name", () => app({ "a\u0000b": {} }), 400, /must start with a letter/],
    ["a service twice", () => app({}, { services: twins }), 400, /service web of app 1 twice/],
    ["a number for a list", () => app({ a: { ports: 5 } }), 400, /ports/],
  ])("is refused, and nothing else happens: %s", async (_, body, status, reason) => {
    const before = await idOf("good");
    // An endless body is answered before it has been read: the connection may be gone by then.
    const answer = await post(body()).catch(() => undefined);
    if (answer !== undefined) expect(await answer.text()).toMatch(reason);
    if (status !== 413) expect(answer?.status).toBe(status);
    expect(await supervisor.status()).toMatchObject({ appState: "applied", release: "good" });
    expect(await idOf("good")).toBe(before);
  });

  it("isolates services that cannot be made or started, each with its reason", async () => {
    const before = await idOf("good");
    const reasons: Readonly<Record<string, readonly [Service, RegExp]>> = {
      command: [{ command: ["/no/such/program"] }, /no such file|not found/i],
      device: [{ devices: ["/dev/none"] }, /\/dev\/none/],
      environment: [{ environment: { HUGE: "x".repeat(200_000) } }, /keeps ending \(exit code 1\)/],
      gpu: [{ labels: { "io.balena.features.gpu": "1" } }, /could not select device driver/],
      mount: [{ volumes: ["v:/usr/bin/sh"] }, /not (a )?directory/],
      sysctl: [{ sysctls: { "kernel.none": "1" } }, /sysctl/],
    };
    const services = Object.fromEntries(Object.entries(reasons).map(([name, [service]]) => [name, service]));
    const state = stateOf({
      1: appOf("mixed", { good: {}, other: { environment: { NUL: "a\u0000b" } }, ...services }, { volumes: { v: {} } }),
      2: appOf("lost", { web: {} }, { networks: { default: { ipam: { config: [{ subnet: "nonsense" }] } } } }),
    });
    expect((await supervisor.post("/v2/local/target-state", state)).status).toBe(200);
    const failures = async () => Object.assign({}, ...(await apps()).map((one) => one.services)) as AppView["services"];
    for (const [name, [, reason]] of Object.entries(reasons)) {
      await supervisor.until(async () => reason.test((await failures())[name]?.failure ?? ""), `${name} failed`);
    }
    await supervisor.until(async () => /nonsense|invalid/.test((await failures())["web"]?.failure ?? ""), "web failed");
    const containers = await engine.client.containers();
    expect([containers.get("good")?.Id, containers.get("other")?.State]).toEqual([before, "running"]);
    expect((await supervisor.status()).appState).toBe("applying");
    await supervisor.post("/v2/local/target-state", stateOf({ 1: appOf("good", { good: {} }) }));
    await supervisor.untilApplied("good");
    expect([...(await engine.client.containers()).keys()]).toEqual(["good"]);
  });
});
