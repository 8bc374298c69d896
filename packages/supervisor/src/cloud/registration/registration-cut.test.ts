import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type ConfigContent, ConfigJsonFile } from "../../device/config-json-file.ts";
import { testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog, scratchDirectory } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import { Registration } from "./registration.ts";

const UUID = "0123456789abcdef0123456789abcdef";
const devices = new Map<string, { id: number; key: string | undefined }>();

/** A server that keeps devices by uuid, and knows them by their key. */
const server: Answering = ({ method, path, headers, body }, response) => {
  const key = headers.authorization?.slice("Bearer ".length);
  const uuid = /uuid='([^']*)'/.exec(decodeURIComponent(path))?.[1];
  if (path === "/device/register") {
    const asked = JSON.parse(body) as { uuid: string; api_key: string };
    if (devices.has(asked.uuid)) return response.writeHead(409).end();
    devices.set(asked.uuid, { id: 7, key: asked.api_key });
    return response.writeHead(201).end('{"id":7}');
  }
  if (method === "POST") {
    for (const device of devices.values()) device.key = (JSON.parse(body) as { apiKey: string }).apiKey;
    return {};
  }
  const device = devices.get(uuid ?? "");
  if (device !== undefined && key !== "provisioning" && key !== device.key) return response.writeHead(401).end();
  return { d: device === undefined ? [] : [{ id: device.id }] };
};

/** Life of a device until its power is cut at an effect, before or after that has happened. */
class PowerCut {
  left: number;
  readonly isBefore: boolean;
  readonly stop = new AbortController();

  constructor(left: number, isBefore: boolean) {
    this.left = left;
    this.isBefore = isBefore;
  }

  async effect<T>(perform: () => Promise<T>): Promise<T> {
    this.left -= 1;
    if (this.left < 0 || (this.left === 0 && this.isBefore)) return this.#cut();
    const done = await perform();
    return this.left === 0 ? this.#cut() : done;
  }

  #cut(): never {
    this.stop.abort();
    throw new Error("the power is cut");
  }
}

async function live(path: string, url: string, cut: PowerCut) {
  class CutFile extends ConfigJsonFile {
    override edit(make: (content: ConfigContent) => ConfigContent): Promise<ConfigContent> {
      return cut.effect(() => super.edit(make));
    }
  }
  const http = testHttp(url);
  const ask = http.ask.bind(http);
  http.ask = (request) => cut.effect(() => ask(request));
  const registration = new Registration({
    http,
    config: new CutFile(path),
    clock: testClock(),
    log: recordingLog(),
    retryMs: 1000,
    facts: async () => ({ deviceType: "x", supervisorVersion: "1", osVersion: "", osVariant: "prod", macAddress: "" }),
  });
  return await registration.run(cut.stop.signal);
}

const known = (key: string) => new Map([[UUID, { id: 7, key }]]);

it.each([
  ["a fresh device", { apiKey: "provisioning", deviceApiKey: "device" }, new Map()],
  ["a device without a key", { apiKey: "provisioning" }, new Map()],
  ["a device whose key the server does not know", { apiKey: "provisioning", deviceApiKey: "device" }, known("old")],
  [
    "one that an installer registered",
    { apiKey: "provisioning", deviceApiKey: "device", registered_at: 5 },
    known("old"),
  ],
])("%s is the same device to its server wherever the power is cut", async (_, content, before) => {
  await using scratch = await scratchDirectory();
  await using loopback = await LoopbackServer.start(server);
  const path = join(scratch.path, "config.json");
  let isOver = false;
  for (let step = 1; !isOver; step += 1) {
    for (const isBefore of [true, false]) {
      devices.clear();
      for (const [uuid, device] of before) devices.set(uuid, { ...device });
      await writeFile(path, JSON.stringify({ uuid: UUID, ...content }));
      isOver = (await live(path, loopback.url, new PowerCut(step, isBefore))) !== undefined;
      const registered = await live(path, loopback.url, new PowerCut(1000, false));
      expect(registered, `cut at step ${step}`).toMatchObject({ uuid: UUID, deviceId: 7 });
      expect([...devices]).toEqual([[UUID, { id: 7, key: registered?.deviceKey }]]);
      const config = JSON.parse(await readFile(path, "utf8")) as object;
      expect(config).toMatchObject({ uuid: UUID, deviceApiKey: registered?.deviceKey, deviceId: 7 });
      expect(config).not.toHaveProperty("apiKey");
    }
    expect(step).toBeLessThan(20);
  }
});
