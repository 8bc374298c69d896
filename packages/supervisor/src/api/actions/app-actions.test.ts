import { describe, expect, it } from "vitest";
import { ApiScene } from "../../testing/api-scene.ts";
import type { TestApp } from "../../testing/fixtures.ts";

const two: TestApp = { services: { web: {}, db: {} }, volumes: { data: {} } };
const one: TestApp = { services: { web: { environment: { MINE: "a=b", BALENA_API_KEY: "secret" } } } };
const failed = (message: string) => ({ status: "failed", message });
const notMine = [401, failed("Unauthorized")];
const locked = [423, failed("Lockfile exists for { appId: 1, service: db }")];

describe("restart and purge of an app", () => {
  it.each([
    ["/v1/restart", { appId: 1 }, "OK"],
    ["/v1/restart", { appId: "1", force: "on" }, "OK"],
    ["/v1/purge", { appId: 1 }, { Data: "OK", Error: "" }],
    ["/v2/applications/1/restart", {}, "OK"],
    ["/v2/applications/1/purge", {}, "OK"],
  ])("%s with %j makes all containers anew and answers then", async (path, body, expected) => {
    await using scene = await ApiScene.start(two);
    const before = Object.values(scene.bench.ids());
    expect(await scene.client.post(path, body)).toEqual([200, expected]);
    const after = Object.values(scene.bench.ids());
    expect(after).toHaveLength(2);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
    expect(scene.bench.simulated.calls.includes("remove volume 1_data")).toBe(path.includes("purge"));
  });

  it("refuse what names no app, and keys of other apps", async () => {
    await using scene = await ApiScene.start(two);
    const { client } = scene;
    const other = client.keys.keyFor(2, "web");
    expect(await client.post("/v1/restart", {})).toEqual([400, "Missing app id"]);
    expect(await client.post("/v1/restart", { appId: "x" })).toEqual([400, "Missing app id"]);
    expect(await client.post("/v1/purge", {})).toEqual([400, "Invalid or missing appId"]);
    expect(await client.post("/v2/applications/x/purge")).toEqual([400, failed("Missing app id")]);
    expect(await client.post("/v2/applications/-1/restart")).toEqual([400, failed("Missing app id")]);
    expect(await client.post("/v1/restart", { appId: 9 })).toEqual([404, "App not found"]);
    expect(await client.post("/v2/applications/9/purge")).toEqual([404, "App not found"]);
    expect(await client.post("/v1/restart", [])).toEqual([400, failed(expect.stringMatching(/The request/))]);
    for (const path of ["/v1/restart", "/v1/purge"]) {
      expect(await client.post(path, { appId: 1 }, other)).toEqual(notMine);
    }
    for (const verb of ["restart", "purge"]) {
      expect(await client.post(`/v2/applications/1/${verb}`, {}, other)).toEqual(notMine);
      expect(await client.post(`/v2/applications/1/${verb}`, {}, "wrong")).toEqual([401, "Unauthorized"]);
    }
    expect(scene.bench.simulated.calls.some((call) => call.startsWith("stop"))).toBe(false);
  });

  it("are refused by an update lock of any service, unless forced", async () => {
    await using scene = await ApiScene.start(two);
    scene.files.users.add("1/db");
    expect(await scene.client.post("/v1/restart", { appId: 1 })).toEqual(locked);
    expect(await scene.client.post("/v1/purge", { appId: 1 })).toEqual(locked);
    expect(await scene.client.post("/v2/applications/1/restart")).toEqual(locked);
    expect(await scene.client.post("/v2/applications/1/purge")).toEqual(locked);
    expect(await scene.client.post("/v1/restart", { appId: 1, force: true })).toEqual([200, "OK"]);
  });

  it("do not take down an app whose release is still being downloaded", async () => {
    await using scene = await ApiScene.start(two);
    scene.bench.want({ ...two, commit: "next", services: { ...two.services, web: { image: "gone:1" } } });
    const [status, body] = await scene.client.post("/v1/purge", { appId: 1 });
    expect([status, body]).toEqual([503, failed(expect.stringMatching(/still being downloaded/))]);
    expect(scene.bench.stateOf("web")).toBe("running");
  });
});

describe("actions on a service", () => {
  it("stop, start and restart it, by its name or the number of its image", async () => {
    await using scene = await ApiScene.start(two);
    const { client, bench } = scene;
    expect(await client.post("/v2/applications/1/stop-service", { serviceName: "web" })).toEqual([200, "OK"]);
    expect([bench.stateOf("web"), bench.stateOf("db")]).toEqual(["exited", "running"]);
    expect(await client.post("/v2/applications/1/start-service", { imageId: 200 })).toEqual([200, "OK"]);
    expect(bench.stateOf("web")).toBe("running");
    const before = bench.ids();
    expect(await client.post("/v2/applications/1/restart-service", { imageId: "200" })).toEqual([200, "OK"]);
    expect(bench.ids()["web"]).not.toBe(before["web"]);
    expect(bench.ids()["db"]).toBe(before["db"]);
  });

  it.each(["stop", "start", "restart"])(
    "%s-service: what is missing, unknown or not its key's is refused",
    async (verb) => {
      await using scene = await ApiScene.start(two);
      const { client } = scene;
      const path = `/v2/applications/1/${verb}-service`;
      expect(await client.post(path)).toEqual([400, failed(expect.stringMatching(/serviceName or imageId/))]);
      expect(await client.post(path, { serviceName: "no" })).toEqual([404, "Service not found"]);
      expect(await client.post(path, { imageId: 1 })).toEqual([404, "Service not found"]);
      expect(await client.post(`/v2/applications/9/${verb}-service`, { serviceName: "web" })).toEqual([
        404,
        "App not found",
      ]);
      expect(await client.post(`/v2/applications/x/${verb}-service`, { serviceName: "web" })).toEqual([
        400,
        failed("Missing app id"),
      ]);
      expect(await client.post(path, { serviceName: "web" }, client.keys.keyFor(2, "a"))).toEqual(notMine);
      scene.files.users.add("1/db");
      expect(await client.post(path, { serviceName: "web" })).toEqual(verb === "start" ? [200, "OK"] : locked);
    },
  );
});

describe("the only service of an app", () => {
  it("is stopped and started under v1, told by its container", async () => {
    await using scene = await ApiScene.start(one);
    const { client, bench } = scene;
    const containerId = bench.ids()["web"];
    expect(await client.post("/v1/apps/1/stop")).toEqual([200, { containerId }]);
    expect(bench.stateOf("web")).toBe("exited");
    expect(await client.post("/v1/apps/1/start")).toEqual([200, { containerId }]);
    expect(bench.stateOf("web")).toBe("running");
  });

  it("is described without its keys", async () => {
    await using scene = await ApiScene.start(one);
    const [status, body] = await scene.client.get("/v1/apps/1");
    expect(status).toBe(200);
    const containerId = scene.bench.ids()["web"];
    expect(body).toMatchObject({
      appId: 1,
      commit: "one",
      containerId,
      imageId: 200,
      releaseId: 10,
      env: { MINE: "a=b" },
    });
    expect(JSON.stringify(body)).not.toContain("secret");
  });

  it("is refused for apps of several services, unknown ones, and keys of others", async () => {
    await using scene = await ApiScene.start(two);
    const { client } = scene;
    const several = [400, "Some v1 endpoints are only allowed on single-container apps"];
    const other = client.keys.keyFor(2, "web");
    for (const verb of ["stop", "start"]) {
      expect(await client.post(`/v1/apps/1/${verb}`)).toEqual(several);
      expect(await client.post(`/v1/apps/9/${verb}`)).toEqual([400, "App not found"]);
      expect(await client.post(`/v1/apps/1/${verb}`, {}, other)).toEqual(notMine);
    }
    expect(await client.get("/v1/apps/1")).toEqual(several);
    expect(await client.get("/v1/apps/9")).toEqual([400, "App not found"]);
    expect(await client.get("/v1/apps/1", other)).toEqual([401, failed("Application is not available")]);
  });
});

describe("cleanup-volumes", () => {
  it("removes what no target names and nothing mounts, as far as the key reaches", async () => {
    await using scene = await ApiScene.start(two);
    const { client, bench } = scene;
    const body = bench.simulated.volumes.get("1_data");
    if (body === undefined) throw new Error("no volume");
    for (const Name of ["1_old", "2_old"]) bench.simulated.volumes.set(Name, { ...body, Name });
    bench.simulated.volumes.set("users", { ...body, Name: "users", Labels: {} });
    bench.loop.trigger();
    await bench.until(() => bench.loop.status().current?.volumes.length === 4);
    expect(await client.get("/v2/cleanup-volumes", client.keys.keyFor(1, "web"))).toEqual([200, { status: "success" }]);
    expect([...bench.simulated.volumes.keys()]).toEqual(["1_data", "2_old", "users"]);
    expect(await client.get("/v2/cleanup-volumes")).toEqual([200, { status: "success" }]);
    expect([...bench.simulated.volumes.keys()]).toEqual(["1_data", "users"]);
  });
});
