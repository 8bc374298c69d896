import { describe, expect, it } from "vitest";
import { type CloudAnswer, MAX_ANSWER } from "../http/cloud-http.ts";
import { readTargetAnswer } from "./read-target-answer.ts";

const UUID = "0123456789abcdef0123456789abcdef";
const APP = "a".repeat(32);
const COMMIT = "c".repeat(32);
const answer = (body: unknown, more: Partial<CloudAnswer> = {}): CloudAnswer => ({
  status: 200,
  etag: undefined,
  retryAfterMs: undefined,
  isTooLarge: false,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  ...more,
});
const state = (services: unknown, uuid = UUID) => ({
  [uuid]: {
    name: "lamp",
    config: {},
    apps: { [APP]: { id: 1, name: "a", releases: { [COMMIT]: { id: 2, services } } } },
  },
});
const good = { web: { id: 1, image_id: 2, image: "r/a@sha256:1", environment: {}, labels: {} } };

describe("the server's answer about the target", () => {
  it("is a target", () => {
    expect(readTargetAnswer(answer(state(good)), UUID, false)).toMatchObject({
      kind: "target",
      target: { name: "lamp" },
    });
  });

  it("is unchanged only for who asked by etag", () => {
    expect(readTargetAnswer(answer("", { status: 304 }), UUID, true)).toEqual({ kind: "unchanged" });
    expect(() => readTargetAnswer(answer("", { status: 304 }), UUID, false)).toThrow("Error from the API: 304");
  });

  it.each([
    ["a path trick", state({ "../x": good.web }), /services/],
    ["a service without image", state({ web: { id: 1 } }), /image/],
    ["another device's", state(good, "f".repeat(32)), /not for this device/],
    ["a list", [], /The target state/],
    ["too deep", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`, /nested deeper/],
  ])("is refused as a whole: %s", (_, body, reason) => {
    expect(readTargetAnswer(answer(body), UUID, false)).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(reason),
    });
  });

  it("names the releases of what was refused, as far as they look like numbers of a fleet", () => {
    const body = state({ "../x": good.web });
    Object.assign(body[UUID]?.apps ?? {}, { "<odd>": { releases: { x: {} } } });
    expect(readTargetAnswer(answer(body), UUID, false)).toMatchObject({ releases: [{ app: APP, commit: COMMIT }] });
  });

  it("is refused when it is too large, and says how large it may be", () => {
    expect(readTargetAnswer(answer("", { isTooLarge: true }), UUID, false)).toMatchObject({
      kind: "refused",
      reason: `The target state exceeds ${MAX_ANSWER / 1024 / 1024} MiB.`,
    });
  });

  it.each([
    ["a page", answer("<html>")],
    ["cut", answer('{"a":')],
    ["denied", answer("Unauthorized", { status: 401 })],
    ["broken", answer("", { status: 500 })],
  ])("is a reason to ask again: %s", (_, given) => {
    expect(() => readTargetAnswer(given, UUID, true)).toThrow(expect.objectContaining({ family: "world" }));
  });
});
