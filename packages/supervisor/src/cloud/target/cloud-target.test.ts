import { refuse } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { testDevice, testHttp } from "../../testing/cloud-scene.ts";
import { type Answering, LoopbackServer } from "../../testing/loopback-server.ts";
import { recordingLog } from "../../testing/scratch.ts";
import { testClock } from "../../testing/test-clock.ts";
import { CloudTarget, type Poke, type TargetProblem } from "./cloud-target.ts";
import type { FleetTarget } from "./read-target-answer.ts";

const COMMIT = "c".repeat(32);
const APP = "a".repeat(32);
const POLL_MS = 900_000;
const state = (name: string, services: object = {}) => ({
  [testDevice.uuid]: {
    name,
    config: {},
    apps: { [APP]: { id: 1, name: "a", releases: { [COMMIT]: { id: 2, services } } } },
  },
});
const asking = { method: "GET", path: `/device/v3/${testDevice.uuid}/state` };

type Scene = {
  readonly instantUpdates?: boolean;
  readonly random?: number;
  readonly onTarget?: (target: FleetTarget) => void;
  /** Called in each pause with the number of requests so far. */
  readonly inPause?: (asked: number, target: CloudTarget) => void;
};

/** Polls until the server has been asked so often and the pause after it has begun. */
async function poll(times: number, answer: Answering, scene: Scene = {}) {
  await using server = await LoopbackServer.start(answer);
  const stop = new AbortController();
  const clock = testClock();
  const seen = { pauses: [] as number[], taken: [] as string[], told: [] as string[], pokes: [] as Poke[] };
  const problems: (TargetProblem | undefined)[] = [];
  const log = recordingLog();
  const target = new CloudTarget({
    http: testHttp(server.url),
    clock: {
      now: clock.now,
      monotonic: clock.monotonic,
      sleep: async (ms, signal) => {
        seen.pauses.push(ms);
        problems.push(target.problem());
        if (server.asked.length >= times) stop.abort();
        else scene.inPause?.(server.asked.length, target);
        await clock.sleep(ms, signal);
      },
    },
    log,
    tell: (message) => void seen.told.push(message),
    policy: () => ({ pollIntervalMs: POLL_MS, instantUpdates: scene.instantUpdates ?? true }),
    onTarget: async (next) => {
      scene.onTarget?.(next);
      seen.taken.push(next.name);
    },
    onPoke: async (poke) => void seen.pokes.push(poke),
    random: () => scene.random ?? 0,
  });
  await target.run(testDevice, stop.signal);
  return { ...seen, problems, asked: server.asked, lines: log.lines };
}

describe("polling for the target", () => {
  it("asks at once with the device's key, then by etag, and takes what is new", async () => {
    let asked = 0;
    const seen = await poll(4, (_, response) => {
      asked += 1;
      if (asked === 2) return response.writeHead(304).end();
      return response.writeHead(200, { etag: `"${asked}"` }).end(JSON.stringify(state(`v${asked}`)));
    });
    expect(seen.asked[0]).toMatchObject({ ...asking, headers: { authorization: "Bearer device-key" } });
    expect(seen.asked.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"1"', '"1"', '"3"']);
    expect(seen.taken).toEqual(["v1", "v3", "v4"]);
    expect(seen.pauses).toEqual([0, POLL_MS, POLL_MS, POLL_MS, POLL_MS]);
  });

  it("spreads the fleet over a minute, and waits first when updates are not instant", async () => {
    const seen = await poll(1, () => state("v"), { random: 0.5, instantUpdates: false });
    expect(seen.pauses).toEqual([POLL_MS + 30_000, POLL_MS + 30_000]);
  });

  it("backs off while the server fails, tells each reason once, and is back at once when it answers", async () => {
    let asked = 0;
    const seen = await poll(9, (_, response) => {
      asked += 1;
      return asked < 9 ? response.writeHead(500).end() : state("v");
    });
    expect(seen.pauses).toEqual([0, 15, 30, 60, 120, 240, 480, 900, 900, 900].map((seconds) => seconds * 1000));
    expect(seen.lines.filter((line) => line.includes("500"))).toHaveLength(1);
    expect(seen.taken).toEqual(["v"]);
  });

  it("waits as long as the server asks for, in seconds", async () => {
    const seen = await poll(1, (_, response) => response.writeHead(429, { "retry-after": "40" }).end());
    expect(seen.pauses).toEqual([0, 40_000]);
  });

  it.each<[string, Answering]>([
    ["401", (_, response) => response.writeHead(401).end("Unauthorized")],
    ["304 unasked", (_, response) => response.writeHead(304).end()],
    ["a page", (_, response) => response.writeHead(200).end("<html>hotel</html>")],
    [
      "half a document",
      (_, response) => response.writeHead(200, { "content-length": 50 }).end('{"', () => response.destroy()),
    ],
    ["nothing", (_, response) => response.destroy()],
  ])("keeps the target in force in the face of %s, and asks again", async (_, answer) => {
    let asked = 0;
    const seen = await poll(3, (request, response) => {
      asked += 1;
      return asked === 2 ? answer(request, response) : state(`v${asked}`);
    });
    expect(seen.taken).toEqual(["v1", "v3"]);
    expect(seen.pauses).toEqual([0, POLL_MS, 15_000, POLL_MS]);
    expect(seen.problems).toEqual([undefined, undefined, undefined, undefined]);
  });

  it("refuses a malformed target as a whole, says so once, and does not fetch it again", async () => {
    const bad = state("bad", { "../x": {} });
    const seen = await poll(3, ({ headers }, response) =>
      headers["if-none-match"] === '"bad"'
        ? response.writeHead(304).end()
        : response.writeHead(200, { etag: '"bad"' }).end(JSON.stringify(bad)),
    );
    expect(seen.taken).toEqual([]);
    expect(seen.told).toEqual([expect.stringMatching(/^Could not store target state: .*services/)]);
    expect(seen.problems.at(-1)?.releases).toEqual([{ app: APP, commit: COMMIT }]);
    expect(seen.pauses.at(-1)).toBe(POLL_MS);
  });

  it("forgets what was wrong when a better target comes", async () => {
    let asked = 0;
    const seen = await poll(2, () => state(`v${++asked}`), {
      onTarget: ({ name }) => {
        if (name === "v1") refuse("supervisor.invalid-target", { message: "a cycle" });
      },
    });
    expect(seen.problems.map((problem) => problem?.reason)).toEqual([undefined, "a cycle", undefined]);
    expect(seen.taken).toEqual(["v2"]);
  });

  it("asks again later when a target could not be stored", async () => {
    let asked = 0;
    const seen = await poll(2, () => state(`v${++asked}`), {
      onTarget: ({ name }) => {
        if (name === "v1") throw new Error("disk full");
      },
    });
    expect(seen.pauses).toEqual([0, 15_000, POLL_MS]);
    expect(seen.asked[1]?.headers["if-none-match"]).toBeUndefined();
  });

  it("follows nudges at once, several as one, also when nothing is new", async () => {
    const seen = await poll(
      2,
      ({ headers }, response) =>
        headers["if-none-match"] === undefined
          ? response.writeHead(200, { etag: '"1"' }).end(JSON.stringify(state("v")))
          : response.writeHead(304).end(),
      {
        inPause: (asked, target) => {
          if (asked !== 1) return;
          target.poke({ force: true, cancel: false });
          target.poke({ force: false, cancel: false });
        },
      },
    );
    expect(seen.pokes).toEqual([{ force: true, cancel: false }]);
    expect(seen.taken).toEqual(["v"]);
  });

  it("is alive however long the server is away", async () => {
    const alive: boolean[] = [];
    await poll(50, (_, response) => response.writeHead(502).end(), {
      inPause: (_, target) => void alive.push(target.isAlive()),
    });
    expect(alive).not.toContain(false);
    expect(alive.length).toBeGreaterThan(40);
  });
});
