import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createGunzip } from "node:zlib";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../clock.ts";
import { testDevice, testHttp } from "../../testing/cloud-scene.ts";
import { recordingLog } from "../../testing/scratch.ts";
import { LogUplink, type UplinkTimes } from "./log-uplink.ts";

const times: UplinkTimes = {
  firstRetryMs: 20,
  longestRetryMs: 40,
  graceMs: 250,
  idleMs: 100,
  gatherMs: 5,
  stuckMs: 1000,
};

/** A server that unpacks streams as they come. */
class LogServer implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly heads: IncomingMessage[] = [];
  /** Streams that came to their end in order. */
  ended = 0;
  onStream: (response: ServerResponse, request: IncomingMessage) => boolean = () => true;
  readonly #server = createServer((request, response) => {
    this.heads.push(request);
    request.on("error", () => undefined);
    if (!this.onStream(response, request)) return;
    const unpacked = request.pipe(createGunzip());
    let rest = "";
    unpacked.on("error", () => undefined);
    unpacked.on("data", (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts.map((part) => (JSON.parse(part) as { message: string }).message));
    });
    unpacked.on("end", () => {
      this.ended += 1;
      response.writeHead(201).end();
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500 && !condition(); tries += 1) await systemClock.sleep(10);
  expect(condition()).toBe(true);
}

async function streaming(server: LogServer, use: (push: (message: string) => void, lines: string[]) => Promise<void>) {
  const endpoint = await server.start();
  const log = recordingLog();
  const uplink = new LogUplink({ http: testHttp("http://127.0.0.1:1"), endpoint, clock: systemClock, log, times });
  const stop = new AbortController();
  const running = uplink.run(testDevice, stop.signal);
  try {
    await use((message) => uplink.buffer.push({ message, timestamp: 1, serviceId: 1 }), log.lines);
  } finally {
    stop.abort();
    await running;
  }
}

describe("the stream of logs", () => {
  it("is one packed request for many lines, closed when none come and opened again by the next", async () => {
    await using server = new LogServer();
    await streaming(server, async (push) => {
      push("one");
      await until(() => server.lines.length === 1);
      push("two");
      push("three");
      await until(() => server.lines.length === 3 && server.ended === 1);
      expect(server.heads).toHaveLength(1);
      expect(server.heads[0]).toMatchObject({
        method: "POST",
        url: `/device/v2/${testDevice.uuid}/log-stream`,
        headers: {
          authorization: "Bearer device-key",
          "content-type": "application/x-ndjson",
          "content-encoding": "gzip",
          "transfer-encoding": "chunked",
        },
      });
      push("four");
      await until(() => server.lines.length === 4);
      expect(server.lines).toEqual(["one", "two", "three", "four"]);
      expect(server.heads).toHaveLength(2);
    });
  });

  it.each<[string, (response: ServerResponse, request: IncomingMessage) => void]>([
    ["refuses", (response) => response.writeHead(401).end()],
    ["hangs up", (_, request) => request.socket.destroy()],
  ])("comes again with what waited when the server %s, and tells once", async (_, fault) => {
    await using server = new LogServer();
    server.onStream = (response, request) => {
      if (server.heads.length > 3) return true;
      fault(response, request);
      return false;
    };
    await streaming(server, async (push, lines) => {
      push("one");
      await until(() => server.lines.includes("one"));
      expect(server.heads.length).toBeGreaterThan(3);
      expect(lines.filter((line) => line.startsWith("Logs cannot be sent"))).toHaveLength(1);
    });
  });

  it("sends lines again that went to a dead connection, but once only when the server breaks on them", async () => {
    await using server = new LogServer();
    server.onStream = (_, request) => {
      if (server.heads.length === 2 || server.heads.length > 4) return true;
      // It dies on the first byte of the stream, as one does that has been gone for a while.
      request.once("data", () => request.socket.destroy());
      return false;
    };
    await streaming(server, async (push) => {
      push("one");
      await until(() => server.lines.includes("one"));
      await until(() => server.ended === 1);
      push("poison");
      await until(() => server.heads.length === 5 && server.lines.length === 2);
      expect(server.lines).toEqual(["one", "Warning: Suppressed 1 message(s) due to high load"]);
    });
  });

  it("is given up when the server takes nothing any more; what waits stays bounded", async () => {
    await using server = new LogServer();
    server.onStream = (_, request) => {
      if (server.heads.length > 1) return true;
      request.pause();
      return false;
    };
    await streaming(server, async (push) => {
      // Random text does not pack, so that it fills what lies between the two.
      for (let at = 0; server.heads.length < 2; at += 1) {
        push(`${at} ${randomBytes(7000).toString("base64")}`);
        if (at % 20 === 0) await systemClock.sleep(1);
        expect(at).toBeLessThan(200_000);
      }
      push("after");
      await until(() => server.lines.some((line) => /Suppressed \d+ message/.test(line)));
    });
  }, 60_000);
});
