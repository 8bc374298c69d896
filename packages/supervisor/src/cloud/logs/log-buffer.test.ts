import { describe, expect, it } from "vitest";
import { testClock } from "../../testing/test-clock.ts";
import { LogBuffer, MAX_BUFFER } from "./log-buffer.ts";
import { wireLine } from "./wire-line.ts";

const service = { timestamp: 1, serviceId: 5, serviceName: "web" } as const;

describe("a line for the server", () => {
  it("has what the server takes, and nothing else", () => {
    expect(wireLine({ ...service, message: "a\nb", isStdErr: true })).toBe(
      '{"message":"a\\nb","timestamp":1,"isStdErr":true,"serviceId":5}\n',
    );
    expect(wireLine({ message: "x", timestamp: 1, isSystem: true })).toBe(
      '{"message":"x","timestamp":1,"isSystem":true}\n',
    );
  });

  it("is cut to 10000 characters, and says so", () => {
    const { message } = JSON.parse(wireLine({ ...service, message: "x".repeat(10_001) }) ?? "");
    expect(message).toHaveLength(10_000);
    expect(message.endsWith("x[...]")).toBe(true);
    expect(JSON.parse(wireLine({ ...service, message: "x".repeat(10_000) }) ?? "").message).not.toContain("[...]");
  });

  it("is none without the number of a service", () => {
    expect(wireLine({ message: "x", timestamp: 1 })).toBeUndefined();
    expect(wireLine({ message: "x", timestamp: 1, serviceId: Number.NaN })).toBeUndefined();
  });
});

describe("lines that wait", () => {
  it("come in order, and are bounded; how many are missing is told at the end", () => {
    const buffer = new LogBuffer(testClock());
    const big = "x".repeat(9000);
    for (let at = 0; at < 40; at += 1) buffer.push({ ...service, message: `${at} ${big}` });
    const lines = buffer.takeAll();
    expect(Buffer.byteLength(lines.slice(0, -1).join(""))).toBeLessThanOrEqual(MAX_BUFFER);
    expect(lines[0]).toContain('"0 x');
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      message: `Warning: Suppressed ${40 - (lines.length - 1)} message(s) due to high load`,
      isSystem: true,
    });
    buffer.push({ ...service, message: "after" });
    expect(buffer.takeAll()).toEqual([expect.stringContaining("after")]);
    expect(buffer.isEmpty()).toBe(true);
    buffer.push({ ...service, message: "new" });
    buffer.putBack(["old\n"]);
    expect(buffer.takeAll()).toEqual(["old\n", expect.stringContaining("new")]);
    buffer.putBack(["x".repeat(MAX_BUFFER), "\n"]);
    buffer.lose(1);
    expect(buffer.takeAll()).toEqual([expect.stringContaining("Suppressed 3 message(s)")]);
  });
});
