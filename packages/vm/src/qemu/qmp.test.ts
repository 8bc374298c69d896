import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { PROBE_BYTE, probeGuest } from "./probe-guest.ts";
import { migrationEnd, Qmp } from "./qmp.ts";

const GREETING = { QMP: { version: { qemu: { major: 10, minor: 0, micro: 13 }, package: "" }, capabilities: [] } };
const requestSchema = z.object({ execute: z.string(), id: z.int() });

let directory: string;
let server: Server;
const path = () => join(directory, "qmp.sock");
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "hf-qmp-"));
});
afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** A QEMU that gives prepared answers by command, several times the same one if asked again. */
function answerWith(answers: Readonly<Record<string, readonly object[]>>): Promise<void> {
  const asked = new Map<string, number>();
  server = createServer((socket: Socket) => {
    socket.write(`${JSON.stringify(GREETING)}\r\n`);
    socket.on("data", (chunk) => {
      for (const line of chunk.toString().trim().split("\n")) {
        const { execute, id } = requestSchema.parse(JSON.parse(line));
        const turn = asked.get(execute) ?? 0;
        asked.set(execute, turn + 1);
        const list = answers[execute] ?? [{ return: {} }];
        const answer = `${JSON.stringify({ event: "RESET", data: {} })}\r\n${JSON.stringify({ ...(list[turn] ?? list.at(-1)), id })}\r\n`;
        // In two pieces, as a stream may come.
        socket.write(answer.slice(0, 20));
        setTimeout(() => socket.write(answer.slice(20)), 5);
      }
    });
  });
  return new Promise((resolve) => server.listen(path(), resolve));
}

describe("Qmp", () => {
  it("greets, passes over events and gives answers", async () => {
    await answerWith({ "query-status": [{ return: { status: "running" } }] });
    using qmp = await Qmp.connect(path());
    expect(qmp.version).toBe("10.0.13");
    expect(await qmp.execute("query-status")).toEqual({ status: "running" });
  });

  it("tells QEMU's own words when it refuses", async () => {
    await answerWith({ set_link: [{ error: { class: "DeviceNotFound", desc: "Device 'nic0' not found" } }] });
    using qmp = await Qmp.connect(path());
    await expect(qmp.execute("set_link", {})).rejects.toMatchObject({
      code: "vm.qemu-failed",
      message: "QEMU refused set_link: Device 'nic0' not found.",
    });
  });

  it("waits for a state to be moved, and says why it was not", async () => {
    await answerWith({
      "query-migrate": [
        { return: { status: "active" } },
        { return: { status: "completed" } },
        { return: { status: "failed", "error-desc": "No space left on device" } },
      ],
    });
    using qmp = await Qmp.connect(path());
    await migrationEnd(qmp, 5000);
    await expect(migrationEnd(qmp, 5000)).rejects.toMatchObject({
      code: "vm.snapshot-failed",
      message: expect.stringContaining("No space left on device"),
    });
  });

  it("fails when nobody listens", async () => {
    server = createServer();
    await expect(Qmp.connect(path())).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("probeGuest", () => {
  it("is a ROM that starts at the reset vector and prints its byte", () => {
    const rom = probeGuest();
    expect(rom).toHaveLength(65_536);
    expect([...rom.subarray(0xfff0, 0xfff5)]).toEqual([0xea, 0x00, 0x00, 0x00, 0xf0]);
    expect(rom.includes(Buffer.from([0xb0, PROBE_BYTE, 0xee]))).toBe(true);
  });
});
