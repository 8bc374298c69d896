import { expect, it } from "vitest";
import { diagnose } from "./diagnose.ts";
import { factsWith } from "./healthy-facts.ts";
import { renderReport } from "./render-report.ts";

const trouble = factsWith({
  resolver: false,
  nameServers: [
    { address: "192.168.1.1", says: "answers" },
    { address: "8.8.8.8", says: "silent" },
  ],
});

it("shows what is wrong first, with what to do and the code, and counts", () => {
  const lines = renderReport(diagnose(trouble), false).split("\n");
  expect(lines[0]).toMatch(/^failure {2}dns\.resolver +dnsmasq does not answer$/);
  expect(lines[1]).toMatch(/^ +systemctl restart dnsmasq, .*\[dns\.no-resolver\]$/);
  expect(lines[2]).toMatch(/^warning {2}dns\.servers +8\.8\.8\.8 is silent$/);
  expect(lines[4]).toMatch(/^ok {7}system\.memory/);
  expect(lines.at(-1)).toBe("failures: 1, warnings: 1, ok: 24");
});

it("is coloured where it is asked to be only", () => {
  expect(renderReport(diagnose(trouble), false)).not.toContain("\u001b");
  expect(renderReport(diagnose(trouble), true)).toContain("\u001b[31mfailure\u001b[0m");
});
