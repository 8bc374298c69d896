import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { HostWishes, type WishFacts } from "./host-wishes.ts";

const HOUR = 60 * 60 * 1000;
const managed: WishFacts = { isManaged: true, hasHostServices: false, isApiOpen: false, apiPort: 48_484 };

async function device() {
  const scratch = await scratchDirectory();
  const [hostConfigDir, vpnDir] = [join(scratch.path, "supervisor"), join(scratch.path, "openvpn")];
  await mkdir(hostConfigDir);
  const log = recordingLog();
  let now = 0;
  const clock = { now: () => now, monotonic: () => now, sleep: async () => undefined };
  const read = (path: string) => readFile(path, "utf8").catch(() => undefined);
  return {
    log,
    wishes: new HostWishes({ hostConfigDir, vpnDir }, clock, log),
    pass: (ms: number) => {
      now += ms;
    },
    vpnDir,
    isTunnelOff: async () => (await read(join(vpnDir, "disabled"))) !== undefined,
    wish: (name: string) => read(join(hostConfigDir, name)),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}

describe("what the fleet wishes of the host", () => {
  it.each(["", "BALENA_", "RESIN_"])("is understood with the prefix %j", async (prefix) => {
    await using at = await device();
    const config = { HOST_FIREWALL_MODE: "on", HOST_DISCOVERABILITY: "False", SUPERVISOR_VPN_CONTROL: "0" };
    const named = Object.fromEntries(Object.entries(config).map(([name, value]) => [prefix + name, value]));
    await at.wishes.put(named, managed);
    expect(JSON.parse((await at.wish("firewall.json")) ?? "")).toMatchObject({ mode: "on", apiPort: 48_484 });
    expect(await at.wish("discoverability.json")).toBe('{"discoverable":false}\n');
    expect(await at.isTunnelOff()).toBe(true);
  });

  it("leaves discoverability to the host when the fleet says nothing that can be understood", async () => {
    await using at = await device();
    await at.wishes.put({ HOST_DISCOVERABILITY: "true" }, managed);
    await at.wishes.put(undefined, managed);
    expect(await at.wish("discoverability.json")).toBe('{"discoverable":true}\n');
    await at.wishes.put({ HOST_DISCOVERABILITY: "perhaps" }, managed);
    expect(await at.wish("discoverability.json")).toBeUndefined();
  });

  it("switches the tunnel once an hour at most, and later what came too early", async () => {
    await using at = await device();
    const off = { SUPERVISOR_VPN_CONTROL: "off" };
    await at.wishes.put(off, managed);
    at.pass(HOUR - 1);
    await at.wishes.put({}, managed);
    expect(await at.isTunnelOff()).toBe(true);
    at.pass(1);
    await at.wishes.put({}, managed);
    expect(await at.isTunnelOff()).toBe(false);
    await at.wishes.put(off, managed);
    expect(await at.isTunnelOff()).toBe(false);
    at.pass(HOUR);
    await at.wishes.put(off, managed);
    expect(await at.isTunnelOff()).toBe(true);
  });

  it("does not touch the tunnel of an unmanaged device", async () => {
    await using at = await device();
    await at.wishes.put({ SUPERVISOR_VPN_CONTROL: "false" }, { ...managed, isManaged: false });
    expect(await at.isTunnelOff()).toBe(false);
  });

  it("keeps off what somebody on the device switched off, until the fleet says on", async () => {
    await using at = await device();
    await mkdir(at.vpnDir);
    await writeFile(join(at.vpnDir, "disabled"), "");
    await at.wishes.put({}, managed);
    expect(await at.isTunnelOff()).toBe(true);
    await at.wishes.put({ SUPERVISOR_VPN_CONTROL: "true" }, managed);
    expect(await at.isTunnelOff()).toBe(false);
  });

  it("is logged when it cannot be written, and written when it can be", async () => {
    await using at = await device();
    await writeFile(at.vpnDir, "a file in the directory's place");
    const off = { SUPERVISOR_VPN_CONTROL: "false" };
    await at.wishes.put(off, managed);
    expect(at.log.lines.join("\n")).toContain("openvpn/disabled cannot be changed");
    await rm(at.vpnDir);
    await at.wishes.put(off, managed);
    expect(await at.isTunnelOff()).toBe(true);
  });
});
