import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseBoundedJson } from "./bounded-json.ts";

const parse = (text: string) => parseBoundedJson(Buffer.from(text));

describe("JSON of the fleet server", () => {
  it("is parsed as JSON.parse does, brackets and commas in texts included", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
    expect(parse(JSON.stringify(["[".repeat(5000), '\\"[[', ",".repeat(5_000_000)]))).toHaveLength(3);
  });

  it.each([
    ["deep", `${"[".repeat(2_000_000)}`, /nested deeper than 24/],
    ["wide", `[${"{},".repeat(1_000_000)}{}]`, /more than 40000 values/],
    ["deep behind a text", `["\\"]",${'{"a":'.repeat(30)}`, /nested deeper/],
  ])("is refused before it costs memory: %s", (_, text, reason) => {
    expect(() => parse(text)).toThrow(reason);
    expect(() => parse(text)).toThrow(expect.objectContaining({ family: "refusal" }));
  });

  it("is counted as what it holds", () => {
    const list = (length: number) => JSON.stringify({ a: Array.from({ length }, () => "x") });
    expect(parse(list(39_990))).toBeDefined();
    expect(() => parse(list(40_010))).toThrow(/more than/);
  });

  it.each(["", "<!DOCTYPE html><html>", '{"a":', "\u0000\u0001"])("is told of when it is none: %j", (text) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: "supervisor.server-answer-unusable", family: "world" }),
    );
  });
});
