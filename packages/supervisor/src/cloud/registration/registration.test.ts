import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigJsonFile } from "../../device/config-json-file.ts";
import { testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog, scratchDirectory } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import { type Registered, Registration } from "./registration.ts";

const UUID = "0123456789abcdef0123456789abcdef";
const fresh = { uuid: UUID, apiKey: "provisioning", deviceApiKey: "device", applicationId: "5", other: { kept: true } };

type Ran = {
  readonly registered: Registered | undefined;
  readonly config: Record<string, unknown>;
  readonly server: LoopbackServer;
  readonly lines: readonly string[];
  readonly passedMs: number;
};

/** Registers with a config.json and a server until it is done, or until `tries` pauses have passed. */
async function register(content: object, answer: Answering, tries = 3): Promise<Ran> {
  await using scratch = await scratchDirectory();
  await using server = await LoopbackServer.start(answer);
  const path = join(scratch.path, "config.json");
  await writeFile(path, JSON.stringify({ apiEndpoint: server.url, ...content }));
  const log = recordingLog();
  const clock = testClock();
  const stop = new AbortController();
  let made = 0;
  let slept = 0;
  const registration = new Registration({
    http: testHttp(server.url),
    config: new ConfigJsonFile(path),
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      sleep: async (ms, signal) => {
        slept += 1;
        if (slept >= tries) stop.abort();
        await clock.sleep(ms, signal);
      },
    },
    log,
    facts: async () => ({
      deviceType: "generic-amd64",
      supervisorVersion: "1.0.0",
      osVersion: "Holdfast 1",
      osVariant: "prod",
      macAddress: "AA:BB",
    }),
    retryMs: 30_000,
    random: () => `made-${++made}`,
  });
  const registered = await registration.run(stop.signal);
  const config = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  return { registered, config, server, lines: log.lines, passedMs: clock.passed() };
}

const answers =
  (
    table: Record<string, (asked: Parameters<Answering>[0], response: Parameters<Answering>[1]) => unknown>,
  ): Answering =>
  (asked, response) =>
    (table[`${asked.method} ${asked.path.split("?")[0]}`] ?? (() => response.writeHead(404).end()))(asked, response);
const device = `GET /v7/device(uuid='${UUID}')`;
const status =
  (code: number, text = "") =>
  (_: unknown, response: Parameters<Answering>[1]) =>
    response.writeHead(code).end(text);
const created = status(201, JSON.stringify({ id: 7, uuid: UUID, api_key: "device" }));

describe("registration", () => {
  it("introduces the device, keeps others' keys and forgets the provisioning key", async () => {
    const { registered, config, server } = await register(fresh, answers({ "POST /device/register": created }));
    expect(registered).toEqual({ uuid: UUID, deviceKey: "device", deviceId: 7 });
    expect(config).toEqual({
      apiEndpoint: server.url,
      uuid: UUID,
      deviceApiKey: "device",
      applicationId: "5",
      other: { kept: true },
      registered_at: 1_000_000,
      deviceId: 7,
    });
    expect(server.asked[0]?.headers.authorization).toBe("Bearer provisioning");
    expect(JSON.parse(server.asked[0]?.body ?? "")).toEqual({
      application: 5,
      device_type: "generic-amd64",
      uuid: UUID,
      api_key: "device",
      supervisor_version: "1.0.0",
      os_version: "Holdfast 1",
      os_variant: "prod",
      mac_address: "AA:BB",
    });
  });

  it("asks nothing when the device is registered, whatever form its numbers have", async () => {
    const { apiKey: _, ...known } = { ...fresh, registered_at: "1700000000", deviceId: "7" };
    const { registered, server } = await register(known, () => ({}));
    expect(registered).toEqual({ uuid: UUID, deviceKey: "device", deviceId: 7 });
    expect(server.asked).toEqual([]);
  });

  it("forgets a provisioning key that an installer left", async () => {
    const { registered, config } = await register({ ...fresh, registered_at: 1, deviceId: 7 }, () => ({}));
    expect(registered?.deviceId).toBe(7);
    expect(config).not.toHaveProperty("apiKey");
    expect(config["registered_at"]).toBe(1);
  });

  it("makes a key before the server hears of it, and takes the one that the server gives", async () => {
    const { deviceApiKey: _, ...keyless } = fresh;
    let onDisk: unknown;
    const { registered, config } = await register({ ...keyless, deviceApiKeys: {} }, (asked, response) => {
      onDisk = JSON.parse(asked.body).api_key;
      response.writeHead(201).end(JSON.stringify({ id: 7, api_key: "servers" }));
    });
    expect(onDisk).toBe("made-1");
    expect(registered?.deviceKey).toBe("servers");
    expect(Object.values(config["deviceApiKeys"] as object)).toEqual(["servers"]);
  });

  it("finds a registration again that a power cut kept from being written down", async () => {
    const table = answers({
      "POST /device/register": status(409, '"uuid" must be unique.'),
      [device]: () => ({ d: [{ id: 7 }] }),
    });
    const { registered, server, config } = await register(fresh, table);
    expect(registered?.deviceId).toBe(7);
    expect(server.calls()).toEqual(["POST /device/register", device]);
    expect(server.asked[1]?.headers.authorization).toBe("Bearer device");
    expect(config).not.toHaveProperty("apiKey");
  });

  it("exchanges keys by the provisioning key when the server does not know the device's", async () => {
    const { registered, server } = await register(
      { ...fresh, registered_at: 5 },
      answers({
        [device]: ({ headers }, response) =>
          headers.authorization === "Bearer provisioning" ? { d: [{ id: 9 }] } : response.writeHead(401).end(),
        "POST /api-key/device/9/device-key": () => ({}),
      }),
    );
    expect(registered?.deviceId).toBe(9);
    expect(JSON.parse(server.asked[2]?.body ?? "")).toEqual({ apiKey: "device" });
  });

  it("becomes another device only when a server that accepts the key has forgotten it", async () => {
    const table = answers({ [device]: () => ({ d: [] }), "POST /device/register": created });
    const { config, registered } = await register({ ...fresh, registered_at: 5 }, table);
    expect(registered).toMatchObject({ uuid: "made-1", deviceId: 7 });
    expect(config).toMatchObject({ uuid: "made-1", deviceApiKey: "device", registered_at: 1_000_000 });
  });

  it.each([
    ["a server error", status(500, "sorry")],
    ["a captive portal", status(200, "<html>log in</html>")],
    ["a redirect", status(302)],
    ["an answer of another shape", status(200, '{"d":"x"}')],
    ["a denied key", status(401)],
  ])("stays the same device in the face of %s", async (_, answer) => {
    const known = { ...fresh, registered_at: 5 };
    const { registered, config } = await register(known, answers({ [device]: answer }));
    expect(registered).toBeUndefined();
    expect(config).toMatchObject(known);
  });

  it("tries every half minute for ever, and tells once why", async () => {
    let tries = 0;
    const { registered, lines, passedMs } = await register(
      fresh,
      (_, response) => (++tries < 40 ? response.writeHead(503).end("busy") : created(_, response)),
      100,
    );
    expect(registered?.deviceId).toBe(7);
    expect(passedMs).toBe(39 * 30_000);
    expect(lines.filter((line) => line.includes("503 (busy)"))).toHaveLength(1);
  });

  it("waits for what config.json lacks, and for a config.json that can be read", async () => {
    const { lines, server } = await register({ uuid: UUID }, () => ({}));
    expect(lines[0]).toMatch(/neither apiKey nor deviceApiKey/);
    expect(server.asked).toEqual([]);
  });
});

describe("config.json", () => {
  it("is changed key by key, one change after the other, and not written when it says the same", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "config.json");
    await writeFile(path, '{"a":1,"b":{"c":2}}');
    const file = new ConfigJsonFile(path);
    await Promise.all([file.change({ x: 1 }), file.change({ y: 2 }), file.change({ a: undefined })]);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ b: { c: 2 }, x: 1, y: 2 });
    await writeFile(path, ' {"b":1}');
    await file.change({ b: 1 });
    expect(await readFile(path, "utf8")).toBe(' {"b":1}');
    expect(await file.read("b")).toBe(1);
  });

  it.each(["", "{", "[]", "\u0000\u0000"])("stays for its owner to mend when it is broken: %j", async (broken) => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "config.json");
    await writeFile(path, broken);
    const file = new ConfigJsonFile(path);
    await expect(file.change({ x: 1 })).rejects.toMatchObject({ code: "supervisor.config-json-unusable" });
    expect(await readFile(path, "utf8")).toBe(broken);
    expect(await file.read("x")).toBeUndefined();
  });
});
