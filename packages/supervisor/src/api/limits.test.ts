import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiClient } from "../testing/api-client.ts";
import type { Route } from "./router.ts";

const KEY = "g".repeat(32);
const PIECE = 65_536;
let client: ApiClient;
let heldSockets: Socket[];
let stops: number;

const noteStop = (): void => {
  stops += 1;
};
const routes: Route[] = [
  { method: "POST", path: "/echo", answer: async ({ body }) => ({ status: 200, json: await body() }) },
  {
    method: "GET",
    path: "/broken",
    answer: () => {
      throw new TypeError(`no\n    at secret (file:///usr/src/app/supervisor.js:1:1) ${KEY}`, { cause: KEY });
    },
  },
  {
    method: "GET",
    path: "/stream",
    answer: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { status: 200, contentType: "text/plain", start: () => noteStop };
    },
  },
];

beforeEach(async () => {
  client = await ApiClient.serve(routes);
  heldSockets = [];
  stops = 0;
});
afterEach(async () => {
  for (const socket of heldSockets) socket.destroy();
  await client[Symbol.asyncDispose]();
});

const port = () => Number(new URL(client.base).port);

function open(): Promise<Socket> {
  const socket = connect(port(), "127.0.0.1");
  heldSockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

/** Sends a body in pieces and returns the status of the answer. */
function send(content: Buffer, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${KEY}`, ...headers };
    const request = httpRequest({ port: port(), path: "/echo", method: "POST", headers: all }, (answer) => {
      resolve(answer.statusCode ?? 0);
      answer.resume();
      request.destroy();
    });
    request.once("error", reject);
    for (let at = 0; at < content.length; at += PIECE) request.write(content.subarray(at, at + PIECE));
    request.end();
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > giveUp) throw new Error("in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const deep = (levels: number) => Buffer.from(`${"[".repeat(levels)}${"]".repeat(levels)}`);

describe("what is sent to the device API", () => {
  it.each([
    ["50 MB, the size told", Buffer.alloc(50_000_000, "1"), { "content-length": "50000000" }, 413],
    ["50 MB, the size not told", Buffer.alloc(50_000_000, "1"), {}, 413],
    ["100,000 levels", deep(100_000), {}, 400],
    ["10 MB of levels", deep(5_000_000), {}, 400],
    ["3 million objects", Buffer.from(`[${"{},".repeat(3_000_000)}{}]`), {}, 400],
    [
      "a form of 20,000 fields",
      Buffer.from("a=1&".repeat(20_000)),
      { "content-type": "application/x-www-form-urlencoded" },
      413,
    ],
    ["no JSON", Buffer.from("{"), {}, 400],
    ["headers of 20 kB", Buffer.from("{}"), { "x-long": "x".repeat(20_000) }, 431],
    ["a small body", Buffer.from('{"a":[1]}'), {}, 200],
  ])("is bounded: %s", async (_, content, headers, expected) => {
    expect(await send(content, headers)).toBe(expected);
    expect((await client.post("/echo", { still: "here" }))[0]).toBe(200);
  });

  it("may not be an address of 20 kB, nor a method that is none", async () => {
    expect((await client.request("GET", `/${"x".repeat(20_000)}`)).status).toBe(431);
    const socket = await open();
    socket.write("HELLO\r\n\r\n");
    const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

describe("clients of the device API", () => {
  it("cannot take all connections from one address", async () => {
    const sockets = await Promise.all(Array.from({ length: 60 }, open));
    await until(() => sockets.filter(({ destroyed, closed }) => destroyed || closed).length >= 12);
    for (const socket of sockets) socket.destroy();
    await until(async () => (await client.post("/echo").catch(() => [0]))[0] === 200);
  });

  it("get an error without a stack, a second line or a key in it", async () => {
    const [status, body] = await client.get("/broken");
    expect([status, body]).toEqual([503, { status: "failed", message: "no" }]);
  });

  it("leave nothing behind when they go before their stream begins", async () => {
    const socket = await open();
    socket.write(`GET /stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.destroy();
    await until(() => stops === 1);
  });
});
