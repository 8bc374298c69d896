import { describe, expect, it } from "vitest";
import { readDoctorReport } from "./doctor-report.ts";

const finding = { check: "dns.new-check", level: "warning", code: "dns.new-code", what: "so", todo: "do" };
const report = { version: 1, level: "warning", findings: [finding] };

describe("readDoctorReport", () => {
  it("takes the last line, also with codes that only a newer device knows", () => {
    expect(readDoctorReport({ status: 0, output: `a banner\n${JSON.stringify(report)}\n` })).toEqual(report);
  });

  it("tells a device that cannot be reached from one without a doctor", () => {
    const silent = { code: "cli.no-diagnosis", message: "The device did not answer over ssh." };
    for (const output of ["", "{", '{"version":2}', JSON.stringify({ ...report, findings: [{}] })])
      expect(() => readDoctorReport({ status: 255, output })).toThrow(expect.objectContaining(silent));
    expect(() => readDoctorReport({ status: 127, output: "" })).toThrow(/no command/);
  });
});
