import { createServer, type Server } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scratchDirectory } from "../../testing/scratch.ts";
import { logindPower } from "../host-power.ts";
import { callDbus } from "./call-dbus.ts";
import { decodeMessage, encodeCall } from "./dbus-message.ts";

/** As a bus answers to serial 2: an empty return, and an error with a text. Written by hand from the specification. */
const field = (code: number, type: string, value: Buffer) =>
  Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value]);
const uint32 = (value: number) => Buffer.from([value & 0xff, value >> 8, 0, 0]);
const text = (value: string) => Buffer.concat([uint32(value.length), Buffer.from(`${value}\0`)]);
const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);

function message(kind: number, fields: readonly Buffer[], body = Buffer.alloc(0)): Buffer {
  const [last = Buffer.alloc(0), ...others] = [...fields].reverse();
  const all = Buffer.concat([...others.reverse().map(pad), last]);
  const fixed = Buffer.concat([
    Buffer.from(["l".charCodeAt(0), kind, 0, 1]),
    uint32(body.length),
    uint32(7),
    uint32(all.length),
  ]);
  return Buffer.concat([fixed, pad(all), body]);
}
const returned = (serial: number) => message(2, [field(5, "u", uint32(serial))]);
const signalled = message(
  4,
  [field(1, "o", text("/org")), field(8, "g", Buffer.from("\x01s\0"))],
  text("NameAcquired"),
);
const failed = (serial: number) =>
  message(
    3,
    [
      field(4, "s", text("org.freedesktop.DBus.Error.AccessDenied")),
      field(5, "u", uint32(serial)),
      field(8, "g", Buffer.from("\x01s\0")),
    ],
    text("not you"),
  );

type Script = { readonly auth?: string; readonly answers: readonly Buffer[]; readonly chunk?: number };

/** A bus that says what the script has; returns what it was told. */
async function bus(path: string, { auth = "OK 1234\r\n", answers, chunk = 10_000 }: Script) {
  const told: Buffer[] = [];
  const server: Server = createServer((socket) => {
    const queue = [...answers];
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      told.push(data);
      const reply = data.toString().includes("AUTH") ? Buffer.from(auth) : queue.shift();
      const send = reply ?? Buffer.alloc(0);
      for (let at = 0; at < send.length; at += chunk) socket.write(send.subarray(at, at + chunk));
      if (reply !== undefined && queue.length === 0 && reply.length === 0) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { told: () => Buffer.concat(told).toString("latin1"), [Symbol.asyncDispose]: async () => void server.close() };
}

describe("a call on the system bus", () => {
  it.each([1, 3, 10_000])(
    "is made after the greeting, whatever pieces of %d bytes the answers come in",
    async (chunk) => {
      await using scratch = await scratchDirectory();
      const path = join(scratch.path, "bus");
      // BEGIN and Hello may come in one piece or two; the bus answers what is asked.
      await using server = await bus(path, { answers: [Buffer.concat([returned(1), signalled]), returned(2)], chunk });
      await logindPower(path).reboot();
      expect(server.told()).toContain("\0AUTH EXTERNAL ");
      for (const word of ["BEGIN", "Hello", "org.freedesktop.login1.Manager", "Reboot"]) {
        expect(server.told()).toContain(word);
      }
    },
  );

  it("fails with the bus's own words", async () => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "bus");
    await using _ = await bus(path, { answers: [returned(1), failed(2)] });
    await expect(logindPower(path).shutdown()).rejects.toMatchObject({
      code: "supervisor.dbus-failed",
      message: expect.stringContaining("PowerOff failed: not you (org.freedesktop.DBus.Error.AccessDenied)"),
    });
  });

  it.each([
    ["a refused greeting", { auth: "REJECTED EXTERNAL\r\n", answers: [] }, /refuses us/],
    ["a bus that hangs up", { answers: [Buffer.alloc(0)] }, /closed|ECONNRESET|EPIPE/],
    ["another byte order", { answers: [Buffer.from(`B${"\0".repeat(20)}`)] }, /byte order/],
    ["an endless message", { answers: [Buffer.from(`l\x02\0\x01${"\x7f".repeat(20)}`)] }, /bytes/],
    ["silence", { answers: [] }, /in time/],
  ] as const)("fails on %s", async (_, script, reason) => {
    await using scratch = await scratchDirectory();
    const path = join(scratch.path, "bus");
    await using server = await bus(path, script);
    const call = { destination: "a.b", path: "/", interface: "a.b", member: "C" };
    await expect(callDbus(path, call, 300)).rejects.toThrow(reason);
    expect(server.told()).toContain("AUTH");
  });

  it("fails when there is no bus", async () => {
    const call = { destination: "a.b", path: "/", interface: "a.b", member: "C" };
    await expect(callDbus("/no/such/bus", call)).rejects.toMatchObject({ code: "supervisor.dbus-failed" });
  });
});

describe("the wire form", () => {
  it("has the lengths that its header tells, for all texts and flags", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.boolean()), { maxLength: 5 }), fc.nat(), (values, serial) => {
        const call = { destination: "a.b", path: "/x", interface: "a.b", member: "C", arguments: values };
        const bytes = encodeCall(call, serial);
        expect(decodeMessage(bytes)?.length).toBe(bytes.length);
        expect(decodeMessage(bytes.subarray(0, -1))).toBeUndefined();
      }),
    );
  });
});
