import { HoldfastError } from "@holdfast/contracts";
import { expect, it } from "vitest";
import { describeError } from "./describe-error.ts";

it("prints one sentence, the hint and the code", () => {
  const error = new HoldfastError("refusal", "image.unknown-board", {
    message: 'No board "pc".',
    hint: "Did you mean x?",
  });
  const report = describeError(error, false);
  expect(report.text).toBe('holdfast: No board "pc".\n  hint: Did you mean x?\n  code: image.unknown-board');
  expect(report.status).toBe(2);
});

it("ends with 1 for what failed in the world", () => {
  expect(describeError(new HoldfastError("world", "vm.boot-failed", { message: "no" }), false).status).toBe(1);
});

it("shows the stack of our own bugs and asks for a report", () => {
  const report = describeError(new TypeError("x is not a function"), false);
  expect(report.text).toMatch(/bug in Holdfast[\s\S]*TypeError: x is not a function[\s\S]*at /);
});

it("says only that it was interrupted, whatever the interruption broke", () => {
  const report = describeError(new Error("socket closed"), true);
  expect([report.status, report.text]).toEqual([130, "holdfast: interrupted"]);
});
