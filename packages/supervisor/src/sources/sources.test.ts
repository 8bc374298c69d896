import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { converge } from "../testing/converge.ts";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { consumePreload, readPreload, recallPreload } from "./preload.ts";
import { TargetStore } from "./target-store.ts";

const apps = wireOf({ commit: "one", services: { web: {} } });

describe("the preload", () => {
  it("is none when the file is missing, empty or malformed; only the last is worth a line", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "apps.json");
    const log = recordingLog();
    expect(await readPreload(path, log)).toBeUndefined();
    await writeFile(path, "{}");
    expect(await readPreload(path, log)).toBeUndefined();
    expect(log.lines).toEqual([]);
    await writeFile(path, '{"apps": {"x": 5}}');
    expect(await readPreload(path, log)).toBeUndefined();
    expect(log.lines[0]).toMatch(/refused as a whole/);
  });

  it("is refused before it costs memory when it is huge", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "apps.json");
    const log = recordingLog();
    for (const [content, reason] of [
      [" ".repeat(5 * 1024 * 1024), /exceeds 4194304 bytes/],
      [`{"apps":${"[".repeat(1_000_000)}`, /nested deeper/],
    ] as const) {
      await writeFile(path, content);
      expect(await readPreload(path, log)).toBeUndefined();
      expect(log.lines.at(-1)).toMatch(reason);
    }
  });

  it("is kept under another name once, and replaced by an empty one", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "apps.json");
    await writeFile(path, "first");
    await consumePreload(path);
    await writeFile(path, "second");
    await consumePreload(path);
    expect(await readFile(path, "utf8")).toBe("{}");
    expect(await readFile(`${path}.preloaded`, "utf8")).toBe("first");
  });

  it("is recalled when the store is lost, unless another release runs", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "apps.json");
    await writeFile(`${path}.preloaded`, JSON.stringify({ apps }));
    const engine = new SimulatedEngine();
    engine.images.set("img:1", "sha256:1");
    expect(await recallPreload(path, await engine.observe(), recordingLog())).toBeDefined();
    await converge(engine, desiredOf(apps));
    expect(await recallPreload(path, await engine.observe(), recordingLog())).toBeDefined();
    await converge(engine, desiredOf(wireOf({ commit: "two", services: { web: {} } })));
    const log = recordingLog();
    expect(await recallPreload(path, await engine.observe(), log)).toBeUndefined();
    expect(log.lines[0]).toMatch(/left as they are/);
  });
});

describe("the target store", () => {
  it("keeps the fleet's target beside the local one, across restarts", async () => {
    await using scratch = await scratchDirectory();
    const store = await TargetStore.open(scratch.path, recordingLog());
    await store.put({ source: "preload", config: {}, apps: {} });
    await store.put({ source: "local", name: "bench", config: { A: "1" }, apps: {} });
    const again = await TargetStore.open(scratch.path, recordingLog());
    expect(again.fleet()).toMatchObject({ source: "preload" });
    expect(again.local()).toMatchObject({ source: "local", name: "bench", config: { A: "1" } });
    expect(existsSync(join(scratch.path, "target.json.new"))).toBe(false);
  });

  it.each(["", "{", '{"version":2}', '{"version":1,"fleet":5}'])("forgets a malformed file: %s", async (content) => {
    await using scratch = await scratchDirectory();
    await writeFile(join(scratch.path, "target.json"), content);
    const log = recordingLog();
    expect((await TargetStore.open(scratch.path, log)).fleet()).toBeUndefined();
    expect(log.lines[0]).toMatch(/malformed/);
  });
});
