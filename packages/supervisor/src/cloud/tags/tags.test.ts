import { describe, expect, it } from "vitest";
import { v2TagRoutes } from "../../api/v2-tags.ts";
import { testDevice, testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog, scratchDirectory } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import { fetchTags } from "./fetch-tags.ts";
import { TagQueue } from "./tag-queue.ts";

/** Sends until so many requests have been answered. */
async function send(dataDir: string, requests: number, answer: Answering, put: (queue: TagQueue) => Promise<void>) {
  await using server = await LoopbackServer.start(answer);
  const clock = testClock();
  const stop = new AbortController();
  const pauses: number[] = [];
  const queue = await TagQueue.open({
    http: testHttp(server.url),
    dataDir,
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      sleep: async (ms, signal) => {
        pauses.push(ms);
        if (server.asked.length >= requests) stop.abort();
        await clock.sleep(ms, signal);
      },
    },
    log: recordingLog(),
    limitMs: () => 900_000,
  });
  await put(queue);
  await queue.run(testDevice, stop.signal);
  return { bodies: server.asked.map(({ method, path, body }) => `${method} ${path} ${body}`), pauses };
}

const patch = (tags: object) => `PATCH /device/v3/tags ${JSON.stringify({ [testDevice.uuid]: tags })}`;

describe("tags that apps set", () => {
  it("reach the server together, again after a fault, and also those that came meanwhile", async () => {
    await using scratch = await scratchDirectory();
    let queue: TagQueue | undefined;
    let asked = 0;
    const { bodies, pauses } = await send(
      scratch.path,
      3,
      (_, response) => {
        asked += 1;
        if (asked === 1) return response.writeHead(500).end();
        if (asked === 2) void queue?.put({ a: "new" });
        return {};
      },
      async (opened) => {
        queue = opened;
        await Promise.all([opened.put({ a: "1" }), opened.put({ b: "2" })]);
      },
    );
    expect(bodies).toEqual([patch({ a: "1", b: "2" }), patch({ a: "1", b: "2" }), patch({ a: "new" })]);
    expect(pauses).toEqual([15_000, 10_000, 10_000]);
  });

  it("survive a restart", async () => {
    await using scratch = await scratchDirectory();
    await send(
      scratch.path,
      1,
      (_, response) => response.destroy(),
      (queue) => queue.put({ a: "1" }),
    );
    const { bodies } = await send(
      scratch.path,
      1,
      () => ({}),
      async () => {},
    );
    expect(bodies).toEqual([patch({ a: "1" })]);
  });

  it("are bounded", async () => {
    await using scratch = await scratchDirectory();
    const options = {
      http: testHttp("http://127.0.0.1:1"),
      dataDir: scratch.path,
      clock: testClock(),
      log: recordingLog(),
    };
    const queue = await TagQueue.open({ ...options, limitMs: () => 1 });
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`t${at}`, ""]));
    await expect(queue.put(many)).rejects.toMatchObject({ code: "supervisor.too-many-tags" });
  });
});

describe("the server's tags", () => {
  it("are asked for by uuid", async () => {
    await using server = await LoopbackServer.start(() => ({ d: [{ id: 3, tag_key: "room", value: "12", extra: 1 }] }));
    expect(await fetchTags(testHttp(server.url), testDevice)).toEqual([{ id: 3, name: "room", value: "12" }]);
    expect(decodeURIComponent(server.asked[0]?.path ?? "")).toBe(
      `/v7/device_tag?$select=id,tag_key,value&$filter=device/uuid eq '${testDevice.uuid}'`,
    );
  });
});

describe("/v2/device/tags", () => {
  const kept: object[] = [];
  const routes = v2TagRoutes(() => ({
    list: async () => [{ id: 1, name: "a", value: "b" }],
    set: async (tags) => void kept.push(tags),
  }));
  const call = (list: typeof routes, method: string, body: unknown = {}) => {
    const route = list.find((candidate) => candidate.method === method);
    return route?.answer({
      params: {},
      query: new URLSearchParams(),
      scope: { type: "global" },
      body: async () => body,
    });
  };

  it("lists and takes tags", async () => {
    expect(await call(routes, "GET")).toEqual({
      status: 200,
      json: { status: "success", tags: [{ id: 1, name: "a", value: "b" }] },
    });
    expect(await call(routes, "PATCH", { room: "12" })).toEqual({ status: 202, json: { status: "success" } });
    expect(kept).toEqual([{ room: "12" }]);
  });

  it.each([[[]], ["x"], [{ "a b": "1" }], [{ a: 1 }], [{ "": "1" }]])("refuses %j", async (body) => {
    expect(await call(routes, "PATCH", body)).toMatchObject({ status: 400, json: { status: "failed" } });
  });

  it("fails while no server knows the device, or it does not answer", async () => {
    const alone = v2TagRoutes(() => undefined);
    expect(await call(alone, "GET")).toMatchObject({ status: 500 });
    expect(await call(alone, "PATCH", { a: "1" })).toMatchObject({ status: 500 });
    const failing = v2TagRoutes(() => ({
      list: () => Promise.reject(new Error("away")),
      set: async () => {},
    }));
    expect(await call(failing, "GET")).toMatchObject({ status: 500, json: { message: "away" } });
  });
});
