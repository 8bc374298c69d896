import fc from "fast-check";
import { expect, it } from "vitest";
import { firstSubordinateId, grantSubordinateIds, NEEDED_IDS } from "./subordinate-ids.ts";

const user = { name: "someone", uid: 1000 };
const both = (subuid: string, subgid = subuid) => ({ "/etc/subuid": subuid, "/etc/subgid": subgid });

it.each([
  ["someone:100000:65536\n", 100_000],
  ["1000:200000:65536", 200_000],
  ["# a comment\nother:1:65536\nsomeone:1:2\nsomeone:165536:70000\n", 165_536],
])("finds the user's range and asks for nothing: %j", (text, first) => {
  expect(firstSubordinateId(text, user)).toBe(first);
  expect(grantSubordinateIds(both(text), user)).toBeUndefined();
});

it("gives a user without a range one that is nobody's", () => {
  expect(grantSubordinateIds(both(""), user)).toBe("echo someone:100000:65536 | tee -a /etc/subuid /etc/subgid");
  expect(grantSubordinateIds(both("a:100000:65536\n", "a:100000:65536\nb:165536:65536\n"), user)).toBe(
    "echo someone:231072:65536 | tee -a /etc/subuid /etc/subgid",
  );
});

it("gives another one to a user whose range is too short", () => {
  expect(grantSubordinateIds(both("someone:100000:1000\n"), user)).toBe(
    "echo someone:101000:65536 | tee -a /etc/subuid /etc/subgid",
  );
});

it("names only the file that lacks one", () => {
  expect(grantSubordinateIds(both("someone:100000:65536\n", ""), user)).toBe(
    "echo someone:165536:65536 | tee -a /etc/subgid",
  );
});

it("knows users by number whose names a shell would not take as they are", () => {
  expect(grantSubordinateIds(both(""), { name: "a'b; rm", uid: 7 })).toBe(
    "echo 7:100000:65536 | tee -a /etc/subuid /etc/subgid",
  );
});

it("never gives what somebody else has, whatever the files hold", () => {
  const range = fc.tuple(fc.nat(2 ** 31), fc.nat(2 ** 20));
  fc.assert(
    fc.property(fc.array(range), fc.string(), (ranges, noise) => {
      const lines = ranges.map(([first, count], at) => `other${at}:${first}:${count}`);
      const text = [...lines, noise.replaceAll("someone", "")].join("\n");
      const first = Number(/someone:(\d+):/.exec(grantSubordinateIds(both(text), user) ?? "")?.[1]);
      for (const [start, count] of ranges) expect(first >= start + count || first + NEEDED_IDS <= start).toBe(true);
    }),
  );
});
