import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holdfast } from "./build/run-program.ts";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";

const FOLDER = "/etc/NetworkManager/system-connections";
/** QEMU's network, which ssh comes through. */
const LINK = "10.0.2.15";
let device: Device;
let name = "";

const keyfile = (address: string, gateway: string): string =>
  [
    ...["[connection]", "id=uplink", "uuid=11111111-2222-4333-8444-555555555555", "type=ethernet"],
    ...[`interface-name=${name}`, "autoconnect-priority=50", "", "[ipv4]", "method=manual"],
    ...[`address1=${address}/24,${gateway}`, "dns=10.0.2.3;", "", "[ipv6]", "method=disabled", ""],
  ].join("\n");
const good = () => keyfile(LINK, "10.0.2.2");
/** No way from there to QEMU's gateway: ssh is cut off. */
const broken = () => keyfile("192.0.2.77", "192.0.2.1");

beforeAll(async () => {
  device = await bootedDevice("e2e-network-apply");
  name = await device.shell("ip -4 route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const request = async (body: unknown): Promise<Record<string, unknown>> => {
  const encoded = Buffer.from(JSON.stringify(body)).toString("base64");
  const { stdout } = await device.attempt(`echo ${encoded} | base64 --decode | holdfast-network request`);
  return JSON.parse(stdout) as Record<string, unknown>;
};
/** While the link is cut, ssh waits or fails. */
const statusNow = async (): Promise<unknown> => {
  try {
    return (JSON.parse((await device.attempt("holdfast-network status")).stdout) as { status: unknown }).status;
  } catch {
    return "out of reach";
  }
};
const patiently = { timeout: 240_000, interval: 3000 };

describe("holdfast network", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-network-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  /** `network DEVICE …`, with the keyfile `uplink` for `apply`. */
  const network = async (keyfileText: string | undefined, ...args: readonly string[]) => {
    const file = join(folder, "uplink");
    if (keyfileText !== undefined) await writeFile(file, keyfileText);
    return await holdfast(["network", device.vm.name, ...args, ...(keyfileText === undefined ? [] : [file])]);
  };

  it("applies a change, reaches the device through it, and confirms it", { timeout: 240_000 }, async () => {
    const { status, stdout, stderr } = await network(good(), "apply", "--json");
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("holdfast:")]);
    expect(JSON.parse(stdout)).toMatchObject({ status: "confirmed", connections: ["uplink"] });
    expect((await network(undefined, "status")).stdout).toContain("confirmed · uplink");
    expect(await device.shell(`nmcli -t -f GENERAL.CONNECTION device show ${name}`)).toContain("uplink");
  });

  it("says that one came back which cut the device off, and the device is there", { timeout: 360_000 }, async () => {
    const { status, stdout, stderr } = await network(broken(), "apply", "--confirm-within", "30s");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("cli.network-reverted");
    expect(stderr).toContain("nobody confirmed it in time");
    expect(await device.shell(`cat ${FOLDER}/uplink`)).toBe(good().trim());
    expect((await network(undefined, "status", "--json")).stdout).toContain('"reverted"');
  });

  it("refuses what the device refuses, with its reason", { timeout: 120_000 }, async () => {
    const { status, stderr } = await network(broken().replace("192.0.2.77/24", "192.0.2.777/24"), "apply");
    expect([status, stderr]).toEqual([1, expect.stringContaining("host.invalid-connection")]);
  });
});

describe("a change of the link that ssh comes through", () => {
  it("is kept when it works and is confirmed, through the device API", async () => {
    const change = { connections: { uplink: good() }, confirmWithin: 120 };
    expect(await device.api("/v3/network", change)).toMatchObject({ status: "trying", connections: ["uplink"] });
    expect(await request({ verb: "apply", connections: { uplink: broken() } })).toMatchObject({
      ok: false,
      code: "host.network-change-pending",
    });
    await expect
      .poll(() => device.shell(`nmcli -t -f GENERAL.CONNECTION device show ${name}`), patiently)
      .toContain("uplink");
    expect(await device.api("/v3/network/confirm", {})).toMatchObject({ status: "confirmed", reason: "by hand" });
  });

  it("is refused when its keyfile cannot work, and nothing changes", async () => {
    const before = await device.shell(`cat ${FOLDER}/*`);
    const bad = { uplink: broken().replace("192.0.2.77/24", "192.0.2.777/24") };
    expect(await request({ verb: "apply", connections: bad })).toMatchObject({ code: "host.invalid-connection" });
    expect(await device.shell(`cat ${FOLDER}/*`)).toBe(before);
  });

  it("comes back by itself when it cuts the device off, though the watcher and the supervisor die", async () => {
    expect(await request({ verb: "apply", connections: { uplink: broken() }, confirmWithin: 40 })).toMatchObject({
      ok: true,
      status: "trying",
    });
    await device
      .attempt("systemctl kill --signal=KILL holdfast-network-trial.service; docker kill balena_supervisor")
      .catch(() => undefined);
    await expect.poll(statusNow, patiently).toBe("reverted");
    expect(await device.shell(`cat ${FOLDER}/uplink`)).toBe(good().trim());
    expect(await device.shell("journalctl -o cat -u holdfast-network-trial")).toContain("nobody confirmed it in time");
    expect(await device.shell(`ip -4 -o address show ${name}`)).toContain(LINK);
  });

  it("is undone by a power cut within the window, and what was confirmed outlives it", async () => {
    expect(await request({ verb: "apply", connections: { uplink: broken() }, confirmWithin: 3600 })).toMatchObject({
      ok: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await device.cutAndStart();
    await expect.poll(statusNow, patiently).toBe("reverted");
    expect(await device.shell(`cat ${FOLDER}/uplink`)).toBe(good().trim());
    expect(await device.shell(`nmcli -t -f GENERAL.CONNECTION device show ${name}`)).toContain("uplink");
  });
});
