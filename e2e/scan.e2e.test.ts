import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdfast } from "./build/run-program.ts";
import { AnnouncedDevices } from "./neighbour/announced-devices.ts";

const scratch = mkdtempSync(join(tmpdir(), "holdfast-scan-"));
let devices: AnnouncedDevices;

beforeAll(async () => {
  devices = await AnnouncedDevices.start(scratch, [
    {
      name: "pump-7",
      network: 2,
      api: {
        "/v2/version": { status: "success", version: "19.0.0" },
        "/v2/local/device-info": { status: "success", info: { arch: "amd64", deviceType: "generic-amd64" } },
        "/v1/device": { os_version: "Holdfast 1.2.3" },
        "/v2/containerId": { status: "success", services: {} },
      },
    },
    { name: "attic", network: 3, api: {} },
  ]);
}, 300_000);
afterAll(async () => {
  await devices?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const run = (...args: string[]) => holdfast(args, { wrapper: devices.wrapper });

describe("holdfast scan", () => {
  it("finds devices on all networks of this machine, with what their supervisors say", async () => {
    const found = async (): Promise<unknown> => JSON.parse((await run("scan", "--timeout", "2", "--json")).stdout);
    await expect.poll(found, { timeout: 60_000, interval: 500 }).toEqual([
      { name: "attic", address: "192.0.3.1" },
      { name: "pump-7", address: "192.0.2.1", type: "generic-amd64", os: "Holdfast 1.2.3", supervisor: "19.0.0" },
    ]);
    const { stdout } = await run("scan", "--timeout", "2");
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["name", "address", "type", "os", "supervisor"],
      ["attic", "192.0.3.1", "-", "-", "-"],
      ["pump-7", "192.0.2.1", "generic-amd64", "Holdfast 1.2.3", "19.0.0"],
      [""],
    ]);
  });

  it("says what to check when nobody answers, or when there is no network", async () => {
    const alone = await holdfast(["scan", "--timeout", "0.5"], { wrapper: ["unshare", "--net", "--"] });
    expect([alone.status, alone.stderr]).toEqual([1, expect.stringContaining("code: cli.no-network")]);
    const quiet =
      "ip link add lan0 type veth peer name end0 && ip addr add 192.0.4.1/24 dev lan0 && ip link set lan0 up && ip link set end0 up && until ip -br link show lan0 | grep -qw UP; do sleep 0.1; done";
    const wrapper = ["unshare", "--net", "sh", "-c", `${quiet} && exec "$@"`, "sh"];
    const nobody = await holdfast(["scan", "--timeout", "0.5"], { wrapper });
    expect([nobody.status, nobody.stdout]).toEqual([0, expect.stringContaining("No device answered.")]);
    const unusable = await run("scan", "--timeout", "soon");
    expect([unusable.status, unusable.stderr]).toEqual([2, expect.stringContaining("no time in seconds")]);
  });
});

describe("a NAME.local on the command line", () => {
  it("is the device that answers to it", async () => {
    expect(await run("logs", "pump-7.local")).toMatchObject({ status: 0, stdout: "" });
    const other = await run("logs", "attic.local");
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("http://192.0.3.1:48484 does not know")]);
    const nobody = await run("logs", "cellar.local");
    expect([nobody.status, nobody.stderr]).toEqual([2, expect.stringContaining("No device answers to cellar.local.")]);
  });
});
