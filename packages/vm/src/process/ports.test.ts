import { createServer } from "node:net";
import { expect, it } from "vitest";
import { parseStat } from "./identity.ts";
import { choosePorts, listeningInodes } from "./ports.ts";

it("chooses free ports, different from each other", async () => {
  const ports = await choosePorts({ ssh: { guest: 22, host: 0 }, api: { guest: 48_484, host: 0 } });
  expect(ports["ssh"]?.guest).toBe(22);
  expect(ports["ssh"]?.host).toBeGreaterThan(0);
  expect(ports["ssh"]?.host).not.toBe(ports["api"]?.host);
});

it("names a taken port and who uses it", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  await expect(choosePorts({ web: { guest: 80, host: port } })).rejects.toMatchObject({
    code: "vm.port-taken",
    message: expect.stringMatching(new RegExp(`Port ${port} .* the device's web, is in use by .*process \\d+\\)`)),
  });
  server.close();
});

it("finds listening sockets only", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:BD64 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1",
    "   1: 0100007F:BD64 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1",
  ].join("\n");
  expect(listeningInodes(table, 0xbd64)).toEqual(["4711"]);
});

it("reads the state of a process whose name has spaces and parentheses", () => {
  const rest = "S 41 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 20";
  expect(parseStat(`42 (a) (b c) ${rest}`)).toEqual({
    pid: 42,
    parent: 41,
    state: "S",
    startTime: "987654",
    threads: 1,
  });
  expect(parseStat("nonsense")).toBeUndefined();
});
