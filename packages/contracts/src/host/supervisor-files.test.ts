import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  choiceFor,
  formatSupervisorRecord,
  parseSupervisorRecord,
  type SupervisorChoice,
  withChoice,
} from "./supervisor-record.ts";
import { formatSupervisorSigns, parseSupervisorSigns } from "./supervisor-signs.ts";
import { formatSupervisorWish, parseSupervisorWish } from "./supervisor-wish.ts";

const text = fc.string({ minLength: 1 });
const chosen = {
  release: text,
  id: text,
  version: text,
  files: fc.dictionary(
    text.filter((name) => name !== "__proto__"),
    text,
    { noNullPrototype: true },
  ),
};
const trial = fc.record(
  { ...chosen, needsServer: fc.boolean(), starts: fc.nat(), reason: fc.string() },
  { requiredKeys: ["release", "id", "version", "files", "needsServer", "starts"], noNullPrototype: true },
);
const choice: fc.Arbitrary<SupervisorChoice> = fc.record(
  {
    slot: text,
    confirmed: fc.record(chosen, { noNullPrototype: true }),
    trial,
    refused: fc.record({ release: text, reason: fc.string() }, { noNullPrototype: true }),
  },
  { requiredKeys: ["slot"], noNullPrototype: true },
);

describe("the record of the supervisor's updates", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(choice, choice, (one, other) => {
        const record = withChoice(withChoice([], one), other);
        expect(parseSupervisorRecord(formatSupervisorRecord(record))).toEqual(record);
        expect(choiceFor(record, other.slot)).toEqual(other);
      }),
    );
  });

  it("keeps one choice for each slot, the newest first, and two at most", () => {
    const record = [{ slot: "c" }, { slot: "a" }, { slot: "b" }].reduce(withChoice, withChoice([], { slot: "a" }));
    expect(record.map(({ slot }) => slot)).toEqual(["b", "a"]);
    expect(choiceFor(record, "c")).toEqual({ slot: "c" });
  });

  it("takes any text, and what it cannot use was never decided", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => Array.isArray(parseSupervisorRecord(any))));
    expect(parseSupervisorRecord('{"version":2,"choices":[{"slot":"a"}]}')).toEqual([]);
    expect(parseSupervisorRecord('{"version":1,"choices":[{"slot":"a","trial":{"id":1}},7]}')).toEqual([{ slot: "a" }]);
  });
});

describe("a wish for a supervisor", () => {
  const id = `sha256:${"a".repeat(64)}`;

  it("is read as it was written, and only whole", () => {
    const wish = { release: "r", id, needsServer: true };
    expect(parseSupervisorWish(formatSupervisorWish(wish))).toEqual(wish);
    for (const part of [{ release: "" }, { id: "latest" }, { version: 2 }, { release: "r".repeat(300) }])
      expect(parseSupervisorWish(JSON.stringify({ version: 1, ...wish, ...part }))).toBeUndefined();
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (any) => parseSupervisorWish(any) === undefined));
  });
});

describe("the signs of a supervisor", () => {
  it("are read as they were written, and only whole", () => {
    const signs = { id: "a", hasLooked: true, server: "serves" } as const;
    expect(parseSupervisorSigns(formatSupervisorSigns(signs))).toEqual(signs);
    expect(parseSupervisorSigns(JSON.stringify({ ...signs, server: "perhaps" }))).toBeUndefined();
    expect(parseSupervisorSigns("{")).toBeUndefined();
  });
});
