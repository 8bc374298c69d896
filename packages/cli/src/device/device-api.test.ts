import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { DeviceApi } from "./device-api.ts";

const servers: { close: () => unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const never = new AbortController().signal;
const done = z.object({ done: z.literal(true) });

describe("the device API", () => {
  it("is asked with the key, and given JSON or bytes as they come", async () => {
    const seen: unknown[] = [];
    const base = await serve(async (request, response) => {
      const { method, headers } = request;
      seen.push([method, headers.authorization, headers["content-type"], await text(request)]);
      response.end('{"done":true}');
    });
    const api = new DeviceApi(base, never, "secret");
    await api.get("/a", done);
    await api.post("/a", { x: 1 }, done);
    await api.send("/a", { type: "application/x-tar", content: [Buffer.from("b"), Buffer.from("c")] }, done);
    expect(seen).toEqual([
      ["GET", "Bearer secret", undefined, ""],
      ["POST", "Bearer secret", "application/json", '{"x":1}'],
      ["POST", "Bearer secret", "application/x-tar", "bc"],
    ]);
  });

  it.each([
    [401, "Unauthorized", "cli.device-refused", "asks for a key"],
    [404, "Not found", "cli.device-refused", "does not know /x"],
    [403, '{"code":"supervisor.no-local-builds","message":"No."}', "supervisor.no-local-builds", "refuses: No."],
    [507, '{"code":"storage.insufficient-space","message":"Full"}', "storage.insufficient-space", "refuses: Full."],
    [400, '{"code":"newer.code","message":"Why"}', "cli.device-refused", "refuses: Why."],
    [503, "busy\n", "cli.device-refused", "refuses: busy."],
    [200, "<html>", "cli.device-refused", "something else than a supervisor"],
  ])("answering %d %s throws %s", async (status, body, code, message) => {
    const base = await serve((_, response) => response.writeHead(status).end(body));
    await expect(new DeviceApi(base, never).get("/x", done)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("that cannot be reached says so, also in the middle of a stream", async () => {
    await expect(new DeviceApi("http://127.0.0.1:9", never).get("/x", done)).rejects.toMatchObject({
      code: "cli.unreachable-device",
    });
    const base = await serve((_, response) => {
      response.write('{"line":1}\nnoise\n\n{"li');
      response.write('ne":2}\n');
      setTimeout(() => response.destroy(), 50);
    });
    const lines: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const line of new DeviceApi(base, never).lines("/x")) lines.push(line);
    };
    await expect(read()).rejects.toMatchObject({ code: "cli.unreachable-device" });
    expect(lines).toEqual([{ line: 1 }, { line: 2 }]);
  });

  it("is let go of when the work is interrupted", async () => {
    const stop = new AbortController();
    const base = await serve((_, response) => void response.write('{"line":1}\n'));
    const read = async (): Promise<void> => {
      for await (const _ of new DeviceApi(base, stop.signal).lines("/x")) stop.abort(new Error("interrupted"));
    };
    await expect(read()).rejects.toThrow("interrupted");
  });
});
