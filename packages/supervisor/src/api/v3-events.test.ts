import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { SentEvent } from "../telemetry/event-ring.ts";
import { ApiClient } from "../testing/api-client.ts";
import { ApplyBench } from "../testing/apply-bench.ts";
import { v3EventData } from "./open-api/v3-event-data.ts";
import { v3EventsRoute } from "./v3-events.ts";

type Event = { readonly id: string | undefined; readonly kind: string; readonly data: Record<string, unknown> };

/** The events of a text as EventSource reads them; each is held to its published schema. */
function parse(text: string): Event[] {
  return text
    .split("\n\n")
    .slice(0, -1)
    .map(
      (block) =>
        new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)])),
    )
    .filter((fields) => fields.has("event"))
    .map((fields) => {
      const kind = fields.get("event") ?? "";
      const data: unknown = JSON.parse(fields.get("data") ?? "");
      return { id: fields.get("id"), kind, data: eventData(kind, data) };
    });
}

function eventData(kind: string, data: unknown): Record<string, unknown> {
  const schema = v3EventData[kind];
  if (schema === undefined) throw new Error(`no schema for ${kind}`);
  return z.record(z.string(), z.unknown()).parse(schema.parse(data));
}

class Listener {
  text = "";
  status = 0;
  isOver = false;
  readonly #stop = new AbortController();

  constructor(client: ApiClient, options: { key?: string; after?: string } = {}) {
    const headers: Record<string, string> = { authorization: `Bearer ${options.key ?? "g".repeat(32)}` };
    if (options.after !== undefined) headers["last-event-id"] = options.after;
    void this.#read(client, headers).catch(() => {});
  }

  async #read(client: ApiClient, headers: Record<string, string>): Promise<void> {
    const answer = await fetch(`${client.base}/v3/events`, { headers, signal: this.#stop.signal });
    this.status = answer.status;
    for await (const chunk of answer.body ?? []) this.text += Buffer.from(chunk).toString();
    this.isOver = true;
  }

  events = () => parse(this.text);
  of = (kind: string) => this.events().filter((event) => event.kind === kind);
  stop = () => this.#stop.abort();
}

async function until(condition: () => boolean): Promise<void> {
  const giveUp = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > giveUp) throw new Error("in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("/v3/events", () => {
  it("begins with what is so, and tells plan, steps and services of an update", async () => {
    await using bench = new ApplyBench();
    await using client = await ApiClient.serve([v3EventsRoute(bench.events)]);
    const listener = new Listener(client);
    await until(() => listener.of("snapshot").length === 1);
    expect(listener.text).toMatch(/^retry: 3000\n\n/);
    bench.want({ services: { web: { image: "img:2" } } });
    await until(() => listener.of("applied").some(({ data }) => data["applied"] === true));
    const steps = listener.of("step-started").map(({ data }) => data["step"]);
    for (const step of ["pull-image", "create-container", "start-container"]) expect(steps).toContain(step);
    expect(
      listener
        .of("step-ended")
        .map(({ data }) => data["step"])
        .sort(),
    ).toEqual(steps.sort());
    expect(listener.of("step-started").find(({ data }) => data["step"] === "pull-image")?.data).toEqual({
      step: "pull-image",
      appId: 1,
      service: "web",
      object: "img:2",
    });
    expect(listener.of("plan")[0]?.data).toMatchObject({ more: 0 });
    expect(listener.of("service").at(-1)?.data).toMatchObject({
      appId: 1,
      service: "web",
      status: "Running",
      releaseId: 10,
    });
    listener.stop();
    await until(() => bench.events.count() === 0);
  });

  it("tells of a step that failed, of locks, verdicts and progress", async () => {
    await using bench = new ApplyBench();
    await using client = await ApiClient.serve([v3EventsRoute(bench.events)]);
    const listener = new Listener(client);
    await until(() => listener.of("snapshot").length === 1);
    bench.want({ services: { web: { image: "gone:1" } } });
    await until(() => listener.of("step-failed").length > 0);
    expect(listener.of("step-failed")[0]?.data).toMatchObject({
      step: "pull-image",
      service: "web",
      retryInSeconds: 1,
    });
    const group = { appId: 1, services: ["web"], scope: "app" } as const;
    bench.events.locked([{ group, reason: "Lockfile exists" }]);
    bench.events.locked([{ group, reason: "Lockfile exists" }]);
    bench.events.locked([]);
    bench.events.progressed({ do: "pull-image", image: "gone:1", service: "web" }, 42, 1000);
    const [app] = bench.loop.status().desired?.apps ?? [];
    if (app !== undefined) bench.events.judged({ app, fault: "web is unhealthy" });
    await until(() => listener.of("release").length === 1);
    expect(listener.of("lock").map(({ data }) => data["reason"])).toEqual(["Lockfile exists", null]);
    expect(listener.of("step-progress")).toMatchObject([{ id: undefined, data: { percent: 42, bytes: 1000 } }]);
    expect(listener.of("release")[0]?.data).toMatchObject({
      commit: "one",
      verdict: "rejected",
      reason: "web is unhealthy",
    });
    listener.stop();
  });

  it("continues where a client was, or begins anew when that is not known", async () => {
    await using bench = new ApplyBench();
    await using client = await ApiClient.serve([v3EventsRoute(bench.events)]);
    const first = new Listener(client);
    await until(() => first.of("snapshot").length === 1);
    first.stop();
    await until(() => bench.events.count() === 0);
    const after = first.events()[0]?.id ?? "";
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    const second = new Listener(client, { after });
    await until(() => second.of("applied").length > 0);
    expect(second.of("snapshot")).toEqual([]);
    expect(second.of("step-started")[0]?.data["step"]).toBeDefined();
    second.stop();
    const stranger = new Listener(client, { after: "other-1" });
    await until(() => stranger.of("snapshot").length === 1);
    expect(stranger.of("snapshot")[0]?.data["services"]).toMatchObject([{ service: "web", status: "Running" }]);
    stranger.stop();
  });

  it("notes nothing when nobody has listened for long, and no id of before is good then", async () => {
    await using bench = new ApplyBench();
    const seen: string[] = [];
    const send = ({ kind, id }: SentEvent) => void seen.push(`${kind} ${id}`);
    const listen = (after?: string) => bench.events.listen({ scope: { type: "global" }, send }, after)();
    listen();
    listen("test-1");
    expect(seen).toEqual(["snapshot test-1"]);
    bench.eventsNow = 300_000;
    bench.want({ services: { web: {} } });
    await bench.untilApplied();
    listen("test-1");
    expect(seen).toEqual(["snapshot test-1", "snapshot test-2"]);
  });

  it("tells the key of a service of its own app only", async () => {
    await using bench = new ApplyBench();
    await using client = await ApiClient.serve([v3EventsRoute(bench.events)]);
    const own = new Listener(client, { key: client.keys.keyFor(1, "web") });
    const other = new Listener(client, { key: client.keys.keyFor(2, "web") });
    await until(() => own.of("snapshot").length + other.of("snapshot").length === 2);
    bench.want({ services: { web: {} } });
    for (const listener of [own, other])
      await until(() => listener.of("applied").some(({ data }) => data["applied"] === true));
    expect(own.of("service").length).toBeGreaterThan(0);
    expect(new Set(other.events().map(({ kind }) => kind))).toEqual(new Set(["snapshot", "applied"]));
    own.stop();
    other.stop();
  });

  it("takes eight listeners, beats, and cuts off who does not read", async () => {
    await using bench = new ApplyBench();
    await using client = await ApiClient.serve([v3EventsRoute(bench.events, 5)]);
    const socket = connect(Number(new URL(client.base).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(`GET /v3/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${"g".repeat(32)}\r\n\r\n`);
    const listeners = Array.from({ length: 7 }, () => new Listener(client));
    await until(() => bench.events.count() === 8);
    expect((await client.get("/v3/events"))[0]).toBe(503);
    await until(() => (listeners[0]?.text ?? "").includes("\n\n:\n\n"));
    const step = { do: "pull-image", image: "x".repeat(60_000), service: "web" } as const;
    await until(() => {
      bench.events.progressed(step, 1, 1);
      return bench.events.count() === 7;
    });
    for (const listener of listeners) listener.stop();
    socket.destroy();
    await until(() => bench.events.count() === 0);
  });
});
