import { expect, it } from "vitest";
import { EventRing } from "./event-ring.ts";

const event = (text: string) => ({ kind: "plan", about: "device", text }) as const;

it("gives back what came after an id, within its bounds", () => {
  const ring = new EventRing("e");
  const before = ring.lastId();
  const ids = Array.from({ length: 256 }, (_, at) => ring.keep(event(String(at))).id ?? "");
  expect(ring.since(before)).toHaveLength(256);
  expect(ring.since(ids[0] ?? "")?.map(({ text }) => text)).toEqual(
    Array.from({ length: 255 }, (_, at) => String(at + 1)),
  );
  expect(ring.since(ring.lastId())).toEqual([]);
  ring.keep(event("one more"));
  expect(ring.since(before)).toBeUndefined();
  expect(ring.since(ids[0] ?? "")).toHaveLength(256);
  ring.keep(event("x".repeat(64 * 1024)));
  expect(ring.since(ids.at(-1) ?? "")).toBeUndefined();
  for (const unknown of ["another-1", "e-999", "e-x", "e", ""]) expect(ring.since(unknown)).toBeUndefined();
});

it("knows no id of before it was told to forget", () => {
  const ring = new EventRing("e");
  const before = ring.keep(event("a")).id ?? "";
  ring.forget();
  expect(ring.since(before)).toBeUndefined();
  expect(ring.since(ring.lastId())).toEqual([]);
});
