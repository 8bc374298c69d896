import { type Step, worldError } from "@holdfast/contracts";
import { expect, it } from "vitest";
import type { z } from "zod";
import { untilApplied } from "./until-applied.ts";

const never = new AbortController().signal;
const service = (waitsFor: string | null = null, failure: string | null = null) => ({ web: { waitsFor, failure } });
const app = (services: object, rejected: unknown = null) => ({ apps: [{ appId: 1, rejected, services }] });
const status = (appState: string, release = "10ca12e1ea5e") => ({
  appState,
  release,
  overallDownloadProgress: null,
  containers: [
    { serviceName: "web", status: "Running", appId: 1 },
    { serviceName: "other", status: "Running", appId: 7 },
  ],
});

/** A device that answers so round for round: what is going on, then its state; an Error is no answer. */
function device(...rounds: readonly (readonly [object, object] | Error)[]) {
  let at = 0;
  const notes: unknown[] = [];
  const step: Step = { update: (_done, _total, note) => notes.push(note), end: () => {} };
  const api = {
    get: async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
      const round = rounds[Math.min(at, rounds.length - 1)];
      if (round === undefined || round instanceof Error) {
        at += 1;
        throw round;
      }
      if (path !== "/v3/updates") at += 1;
      return schema.parse(round[path === "/v3/updates" ? 0 : 1]);
    },
  };
  return { notes, until: () => untilApplied(api, step, never) };
}

it("waits until the pushed release is what runs, and says meanwhile what is waited for", async () => {
  const away = worldError("cli.unreachable-device", { message: "away" });
  const { until, notes } = device(
    [app(service("an update lock")), status("applying")],
    away,
    [app(service()), status("applied", "another")],
    [app(service()), status("applied")],
  );
  expect(await until()).toEqual(new Map([["web", "Running"]]));
  expect(notes).toEqual(["web: an update lock", ""]);
});

it("does not wait for what the device rejects, nor for one that refuses to answer", async () => {
  const rejected = device([app(service(), { reason: "it needs another device" }), status("applied")]);
  await expect(rejected.until()).rejects.toMatchObject({
    code: "cli.service-not-running",
    message: expect.stringContaining("it needs another device"),
  });
  const refusing = device(worldError("cli.device-refused", { message: "no" }));
  await expect(refusing.until()).rejects.toMatchObject({ code: "cli.device-refused" });
});
