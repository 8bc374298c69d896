import { expect, it } from "vitest";
import { journalledLine, streamedLine } from "./log-line.ts";
import { NewLines } from "./new-lines.ts";
import { logLineRenderer } from "./render-log-line.ts";

const entry = { MESSAGE: "hi\r\n", __REALTIME_TIMESTAMP: "1700000000123999", PRIORITY: "3" };
const line = (timestamp: number, source: string, message = "x") => ({ timestamp, source, message, isStdErr: false });

it("reads what the device streams, and leaves its greeting out", () => {
  expect(streamedLine({ message: "Streaming logs", isSystem: true })).toBeUndefined();
  expect(streamedLine({ message: "hi", timestamp: 5, serviceId: 1, serviceName: "web" })).toEqual(line(5, "web", "hi"));
  expect(streamedLine({ message: "Killing", timestamp: 5, isSystem: true })).toMatchObject({ source: "system" });
});

it("reads entries of the journal: text, bytes, of containers and of units", () => {
  const read = { timestamp: 1_700_000_000_123, source: "web", message: "hi", isStdErr: true };
  expect(journalledLine(entry, "web")).toEqual(read);
  expect(journalledLine({ ...entry, CONTAINER_NAME: "my_web_1_1_10ca12e1ea5e" })?.source).toBe("my_web");
  expect(journalledLine({ ...entry, CONTAINER_NAME: "balena_supervisor" })?.source).toBe("balena_supervisor");
  expect(journalledLine({ ...entry, SYSLOG_IDENTIFIER: "kernel" })?.source).toBe("kernel");
  expect(journalledLine({ ...entry, MESSAGE: [195, 188] })?.message).toBe("ü");
  for (const value of [null, {}, "Failed to seek", { MESSAGE: "x" }]) expect(journalledLine(value)).toBeUndefined();
});

it("lets every line through once, in order, also those of one millisecond", () => {
  const lines = new NewLines();
  expect(lines.take([line(3, "web"), line(1, "db"), line(2, "web")])).toEqual([
    line(1, "db"),
    line(2, "web"),
    line(3, "web"),
  ]);
  expect(lines.take([line(2, "web"), line(3, "web"), line(3, "web", "y"), line(2, "db")])).toEqual([
    line(2, "db"),
    line(3, "web", "y"),
  ]);
  const many = Array.from({ length: 20_000 }, (_, index) => line(index + 10, "web"));
  expect(lines.take(many)).toHaveLength(20_000);
  expect(lines.take(many)).toEqual([]);
});

it("shows each source in a colour of its own, and errors in red", () => {
  const plain = logLineRenderer(false);
  expect(plain(line(1_700_000_000_123, "web", "hi"))).toBe("22:13:20.123 web | hi");
  expect(plain(line(1_700_000_000_123, "broker", "hi"))).toBe("22:13:20.123 broker | hi");
  expect(plain(line(1_700_000_000_123, "web", "hi"))).toBe("22:13:20.123 web    | hi");
  const coloured = logLineRenderer(true);
  const [web, db] = [coloured(line(0, "web")), coloured(line(0, "db"))].map((text) => text.slice(0, 5));
  expect(web).not.toBe(db);
  expect(coloured({ ...line(0, "web"), isStdErr: true })).toContain("\x1b[31mx\x1b[0m");
});
