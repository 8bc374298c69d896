import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { deviceHealth } from "./device-health.ts";

const servers: { close: () => unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function supervisor(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 503 : 200);
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? {}));
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const signal = new AbortController().signal;

it("lists the services of a supervisor that answers", async () => {
  const containers = [{ serviceName: "web", status: "Running", imageId: 1 }];
  const api = await supervisor({ "/ping": "OK", "/v2/state/status": { status: "success", containers } });
  expect(await deviceHealth(api, signal)).toEqual({
    supervisor: "answers",
    services: [{ name: "web", status: "Running" }],
  });
});

it("is silent while the supervisor says that it is not ready, and when nothing listens", async () => {
  expect(await deviceHealth(await supervisor({}), signal)).toMatchObject({ supervisor: "silent" });
  expect(await deviceHealth("http://127.0.0.1:9", signal)).toMatchObject({ supervisor: "silent" });
});

it("stops when interrupted", async () => {
  await expect(deviceHealth("http://127.0.0.1:9", AbortSignal.abort(new Error("interrupted")))).rejects.toThrow(
    "interrupted",
  );
});
