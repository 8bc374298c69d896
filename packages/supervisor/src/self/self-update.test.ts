import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseWire, wireApps } from "@holdfast/contracts";
import {
  formatSupervisorRecord,
  parseSupervisorWish,
  SUPERVISOR_RECORD,
  SUPERVISOR_WISH,
  type SupervisorChoice,
} from "@holdfast/contracts/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StoredTarget } from "../sources/target-store.ts";
import { devicePlatform } from "../space/device-platform.ts";
import type { ImageContent } from "../space/image-content.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { SelfUpdate, type SelfUpdateOptions } from "./self-update.ts";

const idOf = (letter: string): string => `sha256:${letter.repeat(64)}`;
const OWN = idOf("0");
const NEXT = idOf("1");
const chosen = { release: "r2", id: NEXT, version: "2", files: {} };
const content: ImageContent = {
  id: NEXT,
  labels: { "io.holdfast.supervisor": "2" },
  architecture: devicePlatform().architecture,
  layers: [{ diffId: idOf("d"), bytes: 1_000_000, isCompressed: true }],
};
const never = new AbortController().signal;
const target = (release: string | undefined, source: StoredTarget["source"] = "cloud"): StoredTarget => {
  const services = { main: { id: 1, image_id: 1, image: `registry/sv@${NEXT}` } };
  const releases = release === undefined ? {} : { [release]: { id: 1, services } };
  const apps = parseWire(wireApps, { "52e35121417640b1b28a680504e4039b": { id: 3, name: "sv", releases } }, "test");
  return { source, config: {}, apps };
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-self-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A supervisor's side with an engine that records in which order things were done. */
function side(more: Partial<SelfUpdateOptions> = {}) {
  const done: string[] = [];
  const told: string[] = [];
  const at = { now: 0 };
  const quiet = (message: string): void => void told.push(message);
  const update = new SelfUpdate({
    engine: {
      observe: () => new SimulatedEngine().observe(),
      layersOf: async () => (done.includes("pull") ? [idOf("d")] : []),
      pullImage: async () => void done.push("pull"),
    },
    own: { image: OWN, slotImage: OWN },
    paths: { dataDir: folder, dataMount: folder },
    target: () => target("r2"),
    contentOf: async () => content,
    freeBytes: async () => 1e9,
    flush: async () => void done.push("flush"),
    clock: { now: () => at.now, monotonic: () => at.now, sleep: async () => {} },
    log: { info: () => {}, warn: () => {}, error: quiet },
    tell: quiet,
    ...more,
  });
  return { update, done, told, at };
}

const wish = async () =>
  parseSupervisorWish(await readFile(join(folder, SUPERVISOR_WISH), "utf8").catch(() => undefined));
async function record(choice: Omit<SupervisorChoice, "slot">): Promise<void> {
  await mkdir(join(folder, "supervisor-update"), { recursive: true });
  await writeFile(join(folder, SUPERVISOR_RECORD), formatSupervisorRecord([{ slot: OWN, ...choice }]));
}

describe("the supervisor's own update", () => {
  it("is fetched and flushed before it is wished for, once", async () => {
    const { update, done } = side();
    await update.look(never);
    expect(done).toEqual(["pull", "flush"]);
    expect(await wish()).toEqual({ release: "r2", id: NEXT, needsServer: true });
    expect(update.status()).toMatchObject({ commit: "r2", progress: "downloaded" });
    await update.look(never);
    expect(done).toHaveLength(2);
  });

  it("needs no server when the wish came with the image", async () => {
    await side({ target: () => target("r2", "preload") }).update.look(never);
    expect(await wish()).toMatchObject({ needsServer: false });
  });

  it.each<[string, Omit<SupervisorChoice, "slot">, string, string]>([
    ["runs already", { confirmed: chosen }, NEXT, "running"],
    ["is on trial", { trial: { ...chosen, starts: 1, needsServer: true } }, NEXT, "starting"],
    ["was refused", { refused: { release: "r2", reason: "it ended" } }, OWN, "refused"],
  ])("is not fetched when it %s", async (_, choice, image, progress) => {
    await record(choice);
    const { update, done } = side({ own: { image, slotImage: OWN } });
    await update.look(never);
    expect(done).toEqual([]);
    expect(update.status()?.progress).toBe(progress);
  });

  it("is nothing when the wanted image is the one that runs, and needs no download back to the slot's", async () => {
    const same = side({ contentOf: async () => ({ ...content, id: OWN }) });
    await same.update.look(never);
    expect(same.update.status()?.progress).toBe("running");
    expect(await wish()).toBeUndefined();
    const back = side({ own: { image: idOf("5"), slotImage: OWN }, contentOf: async () => ({ ...content, id: OWN }) });
    await back.update.look(never);
    expect(back.done).toEqual([]);
    expect(await wish()).toMatchObject({ id: OWN });
  });

  it.each([
    ["is none of Holdfast's", { labels: {} }, "is no supervisor of Holdfast"],
    ["is made for another processor", { architecture: "s390x" }, "is made for s390x"],
  ])("is refused without a download when the image %s", async (_, part, reason) => {
    const { update, done, told } = side({ contentOf: async () => ({ ...content, ...part }) });
    await update.look(never);
    await update.look(never);
    expect(done).toEqual([]);
    expect(told).toEqual([expect.stringContaining(reason)]);
    expect(update.status()?.progress).toBe("refused");
  });

  it("waits for room, and tries again later", async () => {
    let free = 1000;
    const { update, done, told, at } = side({ freeBytes: async () => free });
    await update.look(never);
    expect(told).toEqual([expect.stringContaining("storage.insufficient-space")]);
    free = 1e9;
    await update.look(never);
    expect(done).toEqual([]);
    at.now = 30_000;
    await update.look(never);
    expect(await wish()).toMatchObject({ release: "r2" });
  });

  it("leaves no wish when a step fails, and goes on from there", async () => {
    let fails = true;
    const { update, done, at } = side({
      flush: async () => {
        if (fails) throw new Error("no sync");
        done.push("flush");
      },
    });
    await update.look(never);
    expect(await wish()).toBeUndefined();
    fails = false;
    at.now = 30_000;
    await update.look(never);
    expect(await wish()).toMatchObject({ release: "r2" });
  });

  it("takes the wish back when the fleet names none any more", async () => {
    let wanted: string | undefined = "r2";
    const { update } = side({ target: () => target(wanted) });
    await update.look(never);
    wanted = undefined;
    await update.look(never);
    expect(await wish()).toBeUndefined();
    expect(update.status()).toBeUndefined();
  });
});
