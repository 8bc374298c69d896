import { createSocket, type Socket } from "node:dgram";
import { type Answer, decode, encode } from "dns-packet";
import { afterEach, describe, expect, it } from "vitest";
import { findDevices, resolveLocalName } from "./find-devices.ts";
import { devicesIn } from "./found-device.ts";

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});
const never = new AbortController().signal;
const SERVICE = "_ssh._tcp.local";
const SUBTYPE = `_resin-device._sub.${SERVICE}`;

const records = (name: string, address?: string): Answer[] => [
  { type: "PTR", name: SUBTYPE, data: `${name}.${SERVICE}` },
  { type: "SRV", name: `${name}.${SERVICE}`, data: { port: 22222, target: `${name}.local` } },
  ...(address === undefined ? [] : [{ type: "A", name: `${name}.local`, data: address } as const]),
];

/** Answers questions on the loopback as avahi answers those from another port than 5353; the first `deaf` are not heard. */
async function responder(answers: readonly Answer[], deaf = 0): Promise<number> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  sockets.push(socket);
  let heard = 0;
  socket.on("message", (bytes, { port, address }) => {
    heard += 1;
    if (heard <= deaf) return;
    const { id, questions = [] } = decode(bytes);
    const asked = answers.filter(({ type, name }) => questions.some((one) => one.type === type && one.name === name));
    if (asked.length === 0) return;
    const additionals = answers.filter((one) => !asked.includes(one));
    socket.send(encode({ type: "response", id, questions, answers: asked, additionals }), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  socket.addMembership("224.0.0.251", "127.0.0.1");
  return socket.address().port;
}

const asking = (port: number, timeoutMs: number) => ({ port, timeoutMs, signal: never, addresses: ["127.0.0.1"] });

describe("looking for devices", () => {
  it("finds them by name with their addresses, each once, though it asks several times", async () => {
    const port = await responder([...records("pump", "192.0.2.7"), ...records("attic", "192.0.2.4")]);
    const counts: number[] = [];
    expect(await findDevices(asking(port, 900), (count) => counts.push(count))).toEqual([
      { name: "attic", address: "192.0.2.4" },
      { name: "pump", address: "192.0.2.7" },
    ]);
    expect(counts).toEqual([2, 2]);
  });

  it("asks again when a question is lost, and takes a device without an address where it answers from", async () => {
    const port = await responder(records("pump"), 1);
    expect(await findDevices(asking(port, 900), () => {})).toEqual([{ name: "pump", address: "127.0.0.1" }]);
  });

  it("says nothing found after its time, and which networks cannot be asked", async () => {
    const port = await responder(records("pump"), 100);
    expect(await findDevices(asking(port, 200), () => {})).toEqual([]);
    const elsewhere = { ...asking(port, 200), addresses: ["192.0.2.99"] };
    await expect(findDevices(elsewhere, () => {})).rejects.toMatchObject({
      code: "cli.no-network",
      message: expect.stringContaining("192.0.2.99"),
    });
    const both = { ...asking(port, 200), addresses: ["192.0.2.99", "127.0.0.1"] };
    expect(await findDevices(both, () => {})).toEqual([]);
    await expect(findDevices({ ...both, addresses: [] }, () => {})).rejects.toThrow("no IPv4 address");
  });

  it("ends at once when interrupted", async () => {
    const stop = new AbortController();
    const looking = findDevices({ ...asking(9, 60_000), signal: stop.signal }, () => {});
    stop.abort(new Error("interrupted"));
    await expect(looking).rejects.toThrow("interrupted");
  });

  it("leaves out what other hosts announce, and what a name would do to a terminal", () => {
    const other: Answer[] = [{ type: "PTR", name: SERVICE, data: `nas.${SERVICE}` }];
    const packet = decode(encode({ type: "response", answers: [...other, ...records("pu\x1bmp", "192.0.2.7")] }));
    expect(devicesIn({ packet, from: "192.0.2.1" })).toEqual([{ name: "pu?mp", address: "192.0.2.7" }]);
  });
});

describe("a .local name", () => {
  it("is an address as soon as somebody answers to it, in whatever case", async () => {
    const port = await responder([{ type: "A", name: "Pump.local", data: "192.0.2.7" }]);
    const options = { port, signal: never, addresses: ["127.0.0.1"] };
    const begun = performance.now();
    expect(await resolveLocalName("Pump.local", options)).toBe("192.0.2.7");
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
