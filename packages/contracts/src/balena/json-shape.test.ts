import { assert, json, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJsonShape } from "./json-shape.ts";

const look = (text: string, maxDepth = 4, maxValues = 10) => {
  checkJsonShape(new TextEncoder().encode(text), "It", { maxDepth, maxValues, maxText: 100 });
};

describe("the shape of JSON", () => {
  it("is refused when it is too deep or has too many values", () => {
    expect(() => look("[[[[]]]]")).not.toThrow();
    expect(() => look("[[[[[]]]]]")).toThrow(/deeper than 4/);
    expect(() => look(`[${"1,".repeat(8)}1]`)).not.toThrow();
    expect(() => look(`[${"{},".repeat(8)}{}]`)).toThrow(/more than 10 values/);
  });

  it("does not count what stands in texts, whatever is escaped there", () => {
    expect(() => look(JSON.stringify({ a: "[[[[[[{{{{,,,,,,,,,,,,", b: '\\"[[[[[[' }))).not.toThrow();
  });

  it("passes every document within the bounds", () => {
    assert(property(json({ maxDepth: 3 }), (text) => look(text, 5, 100_000)));
  });
});
