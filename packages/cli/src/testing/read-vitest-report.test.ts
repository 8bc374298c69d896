import { expect, it } from "vitest";
import { readVitestReport } from "./read-vitest-report.ts";

const file = (status: string, assertions: object[], message = "") => ({
  name: "/x.test.ts",
  status,
  message,
  assertionResults: assertions,
});
const test = (status: string, failureMessages: string[] = []) => ({
  fullName: `a ${status} test`,
  status,
  duration: 12,
  failureMessages,
});
const read = (...testResults: object[]) => readVitestReport(JSON.stringify({ testResults }));

it("counts passed and failed tests", () => {
  const outcome = read(file("failed", [test("passed"), test("failed", ["boom"])]));
  expect([outcome.passed, outcome.failures]).toEqual([1, [{ test: "a failed test", message: "boom" }]]);
});

it("counts a skipped test as failed", () => {
  expect(read(file("passed", [test("passed"), test("skipped")])).failures).toHaveLength(1);
});

it("says why tests were skipped whose set-up failed", () => {
  const [failure] = read(file("failed", [test("skipped")], "no device answers")).failures;
  expect(failure).toEqual({ test: "a skipped test", message: "the test was skipped, not run: no device answers" });
});

it("counts a file that does not load as failed, with its message", () => {
  expect(read(file("failed", [], "SyntaxError: no")).failures).toEqual([
    { test: "/x.test.ts", message: "SyntaxError: no" },
  ]);
});

it("counts a file whose hooks failed although its tests passed", () => {
  expect(read(file("failed", [test("passed")], "afterAll broke")).failures[0]?.message).toBe("afterAll broke");
});

it("refuses a text that is no report", () => {
  expect(() => readVitestReport("{}")).toThrow();
  expect(() => readVitestReport("")).toThrow(SyntaxError);
});
