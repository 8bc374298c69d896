import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { LogListener } from "../../logs/log-hub.ts";
import { ApiClient } from "../../testing/api-client.ts";
import { scratchDirectory } from "../../testing/scratch.ts";
import { journalLogsRoute } from "./journal-logs.ts";
import { localLogsRoute } from "./local-logs.ts";

/** A program that stands for journalctl: prints its words, one a line, and stays if it is to follow. */
const JOURNALCTL = `#!/bin/sh
echo $$ > "$0.pid"
for word in "$@"; do echo "[$word]"; done
echo oops >&2
case "$*" in *--follow*) sleep 60;; esac
`;

async function journalctl(directory: string): Promise<string> {
  const path = join(directory, "journalctl");
  await writeFile(path, JOURNALCTL);
  await chmod(path, 0o755);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > giveUp) throw new Error("in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const words = (text: unknown): string[] =>
  String(text)
    .split("\n")
    .filter((line) => line.startsWith("["));

describe("journal-logs", () => {
  it("is what the host's journalctl prints, its complaints included", async () => {
    await using scratch = await scratchDirectory();
    await using client = await ApiClient.serve([journalLogsRoute([await journalctl(scratch.path), "first"])]);
    const body = {
      all: true,
      count: "20",
      unit: "x; rm -rf /",
      format: "json",
      containerId: "0123456789ab",
      since: "-1h",
      until: "now",
    };
    const [status, text] = await client.post("/v2/journal-logs", body, client.keys.keyFor(1, "web"));
    expect(status).toBe(200);
    expect(text).toContain("oops");
    const expected = "first --no-pager -a -u|x; rm -rf /|-t 0123456789ab -n 20 -S -1h -U now -o json";
    expect(words(text)).toEqual(
      expected
        .split("|")
        .flatMap((part, at) => (at === 1 ? [part] : part.trim().split(" ")))
        .map((word) => `[${word}]`),
    );
    const full = "a".repeat(64);
    expect(words((await client.post("/v2/journal-logs", { containerId: full }))[1])).toEqual(
      ["first", "--no-pager", "-o", "short", `CONTAINER_ID_FULL=${full}`].map((word) => `[${word}]`),
    );
  });

  it.each([{ format: "--root=/" }, { count: -1 }, { count: "many" }, { containerId: "-f" }, { unit: "u".repeat(300) }])(
    "refuses %j",
    async (body) => {
      await using client = await ApiClient.serve([journalLogsRoute(["/no/such/program"])]);
      expect((await client.post("/v2/journal-logs", body))[0]).toBe(400);
    },
  );

  it("says in its answer when the journal cannot be read", async () => {
    await using client = await ApiClient.serve([journalLogsRoute(["/no/such/program"])]);
    expect(await client.post("/v2/journal-logs")).toEqual([200, expect.stringContaining("ENOENT")]);
  });

  it("ends journalctl with the client, and takes no more than eight of them at a time", async () => {
    await using scratch = await scratchDirectory();
    const program = await journalctl(scratch.path);
    await using client = await ApiClient.serve([journalLogsRoute([program])]);
    const stop = new AbortController();
    const follow = async () => {
      const answer = await client.request("POST", "/v2/journal-logs", { body: { follow: true }, signal: stop.signal });
      const reader = answer.body?.getReader();
      expect(Buffer.from((await reader?.read())?.value ?? "").toString()).toContain("[--no-pager]");
    };
    for (let count = 0; count < 8; count += 1) await follow();
    const pid = Number(await readFile(`${program}.pid`, "utf8"));
    expect(isAlive(pid)).toBe(true);
    expect((await client.post("/v2/journal-logs"))[0]).toBe(503);
    stop.abort();
    await until(() => !isAlive(pid));
    await until(async () => (await client.post("/v2/journal-logs"))[0] === 200);
  });
});

describe("local/logs", () => {
  it("begins with a greeting and goes on for ever, one object a line", async () => {
    let listener: LogListener | undefined;
    const hub = {
      listen: (to: LogListener) => {
        listener = to;
        return () => {
          listener = undefined;
        };
      },
    };
    await using client = await ApiClient.serve([localLogsRoute(hub)]);
    expect((await client.get("/v2/local/logs", client.keys.keyFor(1, "web")))[0]).toBe(401);
    const stop = new AbortController();
    const answer = await client.request("GET", "/v2/local/logs", { signal: stop.signal });
    const reader = answer.body?.getReader();
    const next = async () => Buffer.from((await reader?.read())?.value ?? "").toString();
    expect(await next()).toBe('{"message":"Streaming logs","isSystem":true}\n');
    const line = { message: "hi", timestamp: 5, serviceId: 1, serviceName: "web" };
    listener?.(line);
    expect(JSON.parse(await next())).toEqual(line);
    stop.abort();
    await until(() => listener === undefined);
  });

  it("drops lines, and says how many, for a client that does not read", async () => {
    let listener: LogListener = () => {};
    const hub = {
      listen: (to: LogListener) => {
        listener = to;
        return () => {};
      },
    };
    const answer = await localLogsRoute(hub).answer({
      params: {},
      query: new URLSearchParams(),
      scope: { type: "global" },
      body: async () => ({}),
    });
    const client = new PassThrough({ highWaterMark: 1 });
    if (!("start" in answer)) throw new Error("no stream");
    answer.start(client);
    const line = { message: "x".repeat(1000), timestamp: 5 };
    for (let count = 0; count < 1000; count += 1) listener(line);
    expect(client.writableLength + client.readableLength).toBeLessThan(300 * 1024);
    let read = "";
    client.on("data", (chunk: Buffer) => {
      read += chunk.toString();
    });
    await until(() => client.writableLength === 0);
    listener(line);
    await until(() => /Warning: \d{3} log lines were dropped/.test(read));
    expect(read.split("\n").filter((text) => text.includes("xxx"))).toHaveLength(
      1001 - Number(/Warning: (\d+)/.exec(read)?.[1]),
    );
  });
});
