import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findJsonFault, parseJson } from "./json-text.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("parseJson", () => {
  it.each([
    ["", "at its end: expected a value"],
    ['{"a": 1', "at its end: expected a comma or }"],
    ['{\n  "a": 1\n  "b": 2\n}', "line 3, column 3: expected a comma or }"],
    ['{"a": 1,}', "line 1, column 9: expected a key in quotes"],
    ["{'a': 1}", "line 1, column 2: expected a key in quotes"],
    ['{"a" 1}', "line 1, column 6: expected a colon"],
    ['{"a": yes}', "line 1, column 7: expected a value"],
    ['{"a": 01}', "line 1, column 7: expected a value"],
    ['{"a": "b\n"}', 'line 1, column 9: expected the end of the text ("), on its line'],
    ['{"a": "\\x"}', "line 1, column 8: expected a valid escape"],
    ["{} {}", "line 1, column 4: expected nothing more"],
    [`${"[".repeat(500)}`, "line 1, column 102: expected at most 100 levels"],
  ])("says where %j goes wrong", (text, reason) => {
    expect(parseJson(text)).toEqual({ ok: false, reason });
  });

  it("agrees with JSON.parse about every text", () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.nat(3), fc.constantFrom("", ",", '"', "}", "\\", "0", "\n", "-", ".", "e", "tru"))
      .map(([json, at, gone, put]) => {
        const from = at % (json.length + 1);
        return json.slice(0, from) + put + json.slice(from + gone);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
        expect(findJsonFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("never repeats what stands there", () => {
    const parsed = parseJson('{"apiKey": "hunter2\n"}');
    expect(JSON.stringify(parsed)).not.toContain("hunter");
  });
});
