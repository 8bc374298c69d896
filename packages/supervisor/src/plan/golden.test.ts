import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { converge, freshContext, summary } from "../testing/converge.ts";
import { desiredOf, type TestApp, wireOf } from "../testing/fixtures.ts";
import { SimulatedEngine } from "../testing/simulated-engine.ts";
import { plan } from "./plan.ts";

const folder = new URL("./golden/", import.meta.url);

/** From one app to another (null: no app), each round's steps in one line each, and what it waits for at the end. */
const golden = z.object({
  about: z.string(),
  /** Images on the device beforehand; otherwise they are pulled. */
  present: z.array(z.string()).default([]),
  context: z
    .object({
      keepImages: z.boolean().optional(),
      keepVolumes: z.boolean().optional(),
      lockedApps: z.record(z.string(), z.string()).optional(),
    })
    .default({}),
  /** Services whose next so many starts end unhealthy. */
  ailing: z.record(z.string(), z.number()).default({}),
  from: z.custom<TestApp>().optional(),
  to: z.custom<TestApp>().nullable(),
  rounds: z.array(z.array(z.string())).optional(),
  waits: z.array(z.string()).optional(),
});

const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), "utf8"));

/** The plan from `from` to `to`; pulling what the registry lacks fails, so those rounds are cut off. */
async function walk(input: z.infer<typeof golden>): Promise<{ rounds: string[][]; waits: string[] }> {
  const engine = new SimulatedEngine();
  for (const image of ["img:1", "img:2", "img:3"]) engine.registry.set(image, `sha256:${image}`);
  for (const image of input.present) engine.images.set(image, `sha256:${image}`);
  if (input.from !== undefined) await converge(engine, desiredOf(wireOf(input.from)));
  for (const [service, times] of Object.entries(input.ailing)) engine.ailing.set(service, times);
  const { lockedApps, keepImages, keepVolumes } = input.context;
  const context = {
    ...(keepImages === undefined ? {} : { keepImages }),
    ...(keepVolumes === undefined ? {} : { keepVolumes }),
    lockedApps: new Map(Object.entries(lockedApps ?? {}).map(([id, reason]) => [Number(id), reason])),
  };
  const desired = input.to === null ? desiredOf({}) : desiredOf(wireOf(input.to));
  const cannotBeHad = (line: string) => line === "pull gone:1";
  const rounds = await converge(engine, desired, {
    context,
    rounds: 15,
    choose: (steps) => steps.filter((step) => !cannotBeHad(summary(step))),
  });
  const seenRunning = new Set(engine.containers.keys());
  const last = plan(await engine.observe(), desired, { ...freshContext(engine), ...context, seenRunning });
  return {
    rounds: rounds.map((steps) => steps.map(summary)).filter((steps) => steps.length > 0),
    waits: last.waits.map(({ service, reason }) => `${service}: ${reason}`),
  };
}

describe("golden plans", () => {
  const files = readdirSync(folder).sort();
  it.each(files)("%s", async (file) => {
    const input = golden.parse(read(file));
    const result = await walk(input);
    if (process.env["UPDATE_GOLDEN"] === "1") {
      writeFileSync(new URL(file, folder), `${JSON.stringify({ ...(read(file) as object), ...result }, null, 2)}\n`);
    }
    expect(result).toEqual({ rounds: input.rounds, waits: input.waits });
  });
});
