import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { HoldfastError } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { type CloudAnswer, CloudHttp, type CloudRequest, MAX_ANSWER } from "./cloud-http.ts";

type Ask = Partial<CloudRequest> & { readonly timeoutMs?: number };

async function ask(answer: Answering, { timeoutMs = 15_000, ...request }: Ask = {}): Promise<CloudAnswer> {
  await using server = await LoopbackServer.start(answer);
  const http = new CloudHttp({ endpoint: `${server.url}/`, timeoutMs: () => timeoutMs, userAgent: "test" });
  return await http.ask({ method: "GET", path: "/x", ...request });
}

async function failure(answer: Answering, how: Ask = {}): Promise<HoldfastError> {
  const error: unknown = await ask(answer, how).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HoldfastError) return error;
  throw new Error(`no HoldfastError: ${String(error)}`);
}

describe("asking the fleet server", () => {
  it("sends the key and the body, and gives status, etag and body", async () => {
    const answer = await ask(
      ({ headers, method, body }, response) => {
        expect([method, headers.authorization, headers["content-type"], body]).toEqual([
          "PATCH",
          "Bearer secret",
          "application/json",
          '{"a":"ü"}',
        ]);
        response.writeHead(201, { etag: '"1"', "retry-after": "7" }).end("ok");
      },
      { method: "PATCH", key: "secret", body: { a: "ü" } },
    );
    expect(answer).toMatchObject({ status: 201, etag: '"1"', retryAfterMs: 7000, isTooLarge: false });
    expect(answer.body.toString()).toBe("ok");
  });

  it("gives refusals as they are, and does not follow redirects", async () => {
    const answer = await ask((_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
    expect(answer.status).toBe(302);
  });

  it("unpacks", async () => {
    const answer = await ask((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("hello"));
    });
    expect(answer.body.toString()).toBe("hello");
  });

  it("does not take an answer that says it is too large", async () => {
    const answer = await ask((_, response) => {
      response.writeHead(200, { "content-length": MAX_ANSWER + 1, etag: '"big"' }).flushHeaders();
    });
    expect(answer).toMatchObject({ status: 200, isTooLarge: true, etag: '"big"' });
    expect(answer.body).toHaveLength(0);
  });

  it("stops reading one that turns out too large, packed or not", async () => {
    const huge = Buffer.alloc(12 * MAX_ANSWER, " ");
    expect((await ask((_, response) => response.end(huge.subarray(0, MAX_ANSWER + 1)))).isTooLarge).toBe(true);
    const bomb = gzipSync(huge);
    expect(bomb.length).toBeLessThan(MAX_ANSWER / 10);
    const answer = await ask((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    expect(answer.isTooLarge).toBe(true);
  });

  it("gives up on a server that says nothing", async () => {
    const error = await failure(() => undefined, { timeoutMs: 50 });
    expect(error).toMatchObject({ code: "supervisor.server-unreachable", family: "world" });
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ does not answer: no answer within 1 s/);
  });

  it("gives up on an answer that trickles without end", async () => {
    const error = await failure(
      (_, response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 20);
        response.once("close", () => clearInterval(timer));
      },
      { timeoutMs: 300 },
    );
    expect(error.message).toMatch(/the answer did not end within/);
  });

  it.each([
    [
      "a body that breaks off",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": 100 }).write('{"a":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ["a connection that is closed at once", (response: ServerResponse) => void response.destroy()],
    [
      "a body that is not packed as it says",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip");
      },
    ],
    [
      "a packed body that breaks off",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("x".repeat(1000)).subarray(0, 20));
      },
    ],
  ])("tells of %s", async (_, answer) => {
    expect((await failure((__, response) => answer(response))).code).toBe("supervisor.server-unreachable");
  });

  it("tells of a server that is not there", async () => {
    const http = new CloudHttp({ endpoint: "http://127.0.0.1:1", timeoutMs: () => 1000, userAgent: "test" });
    await expect(http.ask({ method: "GET", path: "/x" })).rejects.toMatchObject({
      code: "supervisor.server-unreachable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("ends when the caller wants so, also in the middle of an answer", async () => {
    const abort = new AbortController();
    const error = await failure(
      (_, response) => {
        response.writeHead(200, { "content-length": 100 }).write("x");
        setTimeout(() => abort.abort(new Error("enough")), 20);
      },
      { signal: abort.signal },
    );
    expect(error.message).toMatch(/enough/);
    expect((await failure(() => ({}), { signal: AbortSignal.abort() })).code).toBe("supervisor.server-unreachable");
  });
});
