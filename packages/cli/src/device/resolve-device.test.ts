import type { Vm, VmStatus } from "@holdfast/vm";
import { expect, it } from "vitest";
import { type DeviceLookup, resolveDevice } from "./resolve-device.ts";

const uuids: Readonly<Record<string, string>> = {
  box: "aaaabbbbccccddddaaaabbbbccccdddd",
  twin: "aaaabbbb00000000aaaabbbb00000000",
};

// The resolver only looks at the name of a device's record.
const vm = (name: string): Vm => ({ name }) as Vm;
const status = (name: string, state: VmStatus["status"]): VmStatus => ({ name, status: state, vm: vm(name) });
const lookup: DeviceLookup = {
  vms: async () => [status("box", "running"), status("twin", "running"), status("old", "stopped")],
  uuidOf: async ({ name }) => uuids[name],
  addressOf: async (name) => (name === "Pump.local" ? "192.168.1.9" : undefined),
};

it("finds a virtual device by name, running or not", async () => {
  expect(await resolveDevice("old", lookup)).toMatchObject({ kind: "virtual", name: "old", running: false });
});

it("takes an address as it is", async () => {
  expect(await resolveDevice("192.168.1.7", lookup)).toEqual({ kind: "remote", address: "192.168.1.7" });
  expect(await resolveDevice("fe80::1", lookup)).toEqual({ kind: "remote", address: "fe80::1" });
});

it("asks the network for a .local name", async () => {
  expect(await resolveDevice("Pump.local", lookup)).toEqual({ kind: "remote", address: "192.168.1.9" });
  await expect(resolveDevice("pimp.local", lookup)).rejects.toMatchObject({
    code: "cli.unknown-device",
    hint: expect.stringContaining("scan"),
  });
});

it("finds a running device by its uuid or enough of its beginning", async () => {
  expect(await resolveDevice("aaaabbbbcccc", lookup)).toMatchObject({ name: "box" });
  expect(await resolveDevice(uuids["twin"] ?? "", lookup)).toMatchObject({ name: "twin" });
});

it("refuses the beginning that two devices share, and names both", async () => {
  await expect(resolveDevice("aaaabbbb", lookup)).rejects.toThrow(/box, twin/);
});

it("suggests the nearest name for an unknown word", async () => {
  await expect(resolveDevice("bxo", lookup)).rejects.toMatchObject({
    code: "cli.unknown-device",
    hint: "Did you mean box?",
  });
});

it("says how to make the first one", async () => {
  const none = { ...lookup, vms: async () => [] };
  await expect(resolveDevice("box", none)).rejects.toMatchObject({ hint: expect.stringContaining("holdfast up") });
});
