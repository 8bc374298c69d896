import { minutes } from "@holdfast/contracts";
import { waitForHttp } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import { supervisorContainer } from "./device/containers.ts";
import type { Device } from "./device/device.ts";

const PATIENCE = minutes(8);
const patiently = { timeout: PATIENCE, interval: 2_000 };
const MIB = 1024 * 1024;
const manifestSchema = z.object({ id: z.string(), version: z.string(), files: z.record(z.string(), z.string()) });
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-supervisor");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const untilAnswering = async (): Promise<Response> =>
  await waitForHttp(device.vm, "api", "/ping", { timeout: PATIENCE });
const manifest = async () => manifestSchema.parse(await device.json("cat /usr/lib/holdfast/supervisor.json"));
const imports = async (): Promise<number> =>
  Number(await device.shell("journalctl -b -u balena-supervisor | grep -c 'importing the supervisor' || true"));

describe("the supervisor", () => {
  it("runs the version of the slot in the container that tools know", async () => {
    const { id, version } = await manifest();
    expect(await device.shell("docker inspect --format '{{.Image}}' balena_supervisor")).toBe(id);
    expect(await device.api("/v2/version")).toMatchObject({ status: "success", holdfast: version });
    expect(await device.api("/v1/healthy")).toBe("OK");
    expect(await device.shell("docker exec balena_supervisor cat package.json")).toContain(version);
  });

  it("has memory that is reserved for it at every level, and is killed last", async () => {
    const { pid } = await supervisorContainer(device);
    expect(await device.shell(`cat /proc/${pid}/oom_score_adj`)).toBe("-500");
    const group = (await device.shell(`cut -d: -f3 /proc/${pid}/cgroup`)).split("/").filter((part) => part !== "");
    expect(group.slice(0, 2)).toEqual(["holdfast.slice", "holdfast-supervisor.slice"]);
    const reserved = async (level: number): Promise<number> =>
      Number(await device.shell(`cat /sys/fs/cgroup/${group.slice(0, level).join("/")}/memory.min`));
    expect(await reserved(1)).toBeGreaterThanOrEqual(48 * MIB);
    expect(await reserved(2)).toBeGreaterThanOrEqual(48 * MIB);
    // The container's own group has none of its own: the slice's reservation is handed down.
    expect(await device.shell("grep ' /sys/fs/cgroup ' /proc/mounts")).toContain("memory_recursiveprot");
  });
});

describe("a supervisor that hangs", () => {
  it("is replaced by the watchdog", async () => {
    const dropIn = "/run/systemd/system/balena-supervisor.service.d";
    // Above the 30 s between two probes.
    await device.shell(`mkdir -p ${dropIn} && printf '[Service]\\nWatchdogSec=60\\n' >${dropIn}/test.conf`);
    await device.shell("systemctl daemon-reload && systemctl restart balena-supervisor");
    await untilAnswering();
    const { pid } = await supervisorContainer(device);
    await device.shell(`kill -STOP ${pid}`);
    const other = async (): Promise<boolean> => {
      const now = (await supervisorContainer(device)).pid;
      return now !== 0 && now !== pid;
    };
    await expect.poll(other, patiently).toBe(true);
    await untilAnswering();
    expect(await device.shell("journalctl -b -u balena-supervisor")).toContain("Watchdog timeout");
    await device.shell(`rm -r ${dropIn} && systemctl daemon-reload`);
  });
});

describe("the engine's copy of the supervisor", () => {
  it("is imported again from the slot when a byte of it changed", async () => {
    const { layers } = await supervisorContainer(device);
    const [path = "", digest = ""] =
      Object.entries((await manifest()).files).find(([file]) => file.endsWith("/node")) ?? [];
    const find = (among: readonly string[]): string =>
      `ls ${among.map((layer) => `${layer}${path}`).join(" ")} 2>/dev/null | head -n 1`;
    const file = await device.shell(find(layers));
    expect(await device.shell(`sha256sum ${file}`)).toContain(digest);
    const before = await imports();
    await device.shell("systemctl stop balena-supervisor");
    await device.shell(`printf X | dd of=${file} bs=1 seek=5000000 conv=notrunc,fsync`);
    await device.shell("systemctl start --no-block balena-supervisor");
    await untilAnswering();
    expect(await imports()).toBe(before + 1);
    const again = await device.shell(find((await supervisorContainer(device)).layers));
    expect(await device.shell(`sha256sum ${again}`)).toContain(digest);
  });

  it("is imported again from the slot when the whole store was wiped", async () => {
    const before = await imports();
    await device.shell("systemctl stop balena-supervisor balena");
    await device.attempt("rm -rf /mnt/data/docker/*");
    expect(await device.shell("ls /mnt/data/docker/image 2>/dev/null || true")).toBe("");
    await device.shell("systemctl start --no-block balena balena-supervisor");
    await untilAnswering();
    expect(await imports()).toBe(before + 1);
    expect(await device.shell("systemctl is-active balena balena-supervisor")).toBe("active\nactive");
  });
});
