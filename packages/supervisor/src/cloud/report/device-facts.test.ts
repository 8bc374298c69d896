import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratchDirectory } from "../../testing/scratch.ts";
import { osVariantOf } from "../os-variant.ts";
import { readAddresses, reportedIps } from "./addresses.ts";
import { deviceReport, type ReportInput } from "./device-report.ts";
import { cpuTicks, MetricsReader, memoryOf, mountedDevice } from "./metrics.ts";

async function place(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

describe("addresses", () => {
  it("leave out what is internal, of the engine, or of one link only", () => {
    const v4 = (address: string) => ({ address, family: "IPv4", internal: false });
    const v6 = (address: string) => ({ address, family: "IPv6", internal: false });
    const interfaces = {
      lo: [{ address: "127.0.0.1", family: "IPv4", internal: true }],
      eth0: [v4("192.0.2.5"), v6("fe80::1"), v6("2001:db8::5"), v6("fd00::5")],
      wlan0: [v4("198.51.100.7"), v4("192.0.2.5")],
      supervisor0: [v4("10.114.104.1")],
      "br-0123456789ab": [v4("172.18.0.1")],
      "br-lan": [v4("203.0.113.9")],
      "resin-vpn": [v4("10.2.0.1")],
    };
    expect(reportedIps(interfaces)).toEqual(["192.0.2.5", "2001:db8::5", "fd00::5", "198.51.100.7", "203.0.113.9"]);
  });

  it("of hardware are those of real interfaces, in capitals", async () => {
    await using scratch = await scratchDirectory();
    await place(scratch.path, {
      "eth0/type": "1\n",
      "eth0/address": "aa:bb:cc:dd:ee:01\n",
      "eth1/type": "1\n",
      "eth1/address": "aa:bb:cc:dd:ee:02\n",
      "wlan0/type": "801\n",
      "wlan0/address": "aa:bb:cc:dd:ee:03\n",
      "docker0/type": "1\n",
      "docker0/address": "aa:bb:cc:dd:ee:04\n",
      "eth2/type": "1\n",
      "eth2/address": "aa:bb:cc:dd:ee:01\n",
    });
    await symlink("../br0", join(scratch.path, "eth1/master"));
    expect(await readAddresses(scratch.path, {})).toEqual({ ip: "", mac: "AA:BB:CC:DD:EE:01" });
    expect((await readAddresses(join(scratch.path, "none"), {})).mac).toBe("");
  });
});

describe("figures", () => {
  it("are read from what the kernel says", async () => {
    await using scratch = await scratchDirectory();
    const data = join(scratch.path, "data");
    await place(scratch.path, {
      "data/x": "",
      "proc/meminfo":
        "MemTotal: 1024000 kB\nMemFree: 102400 kB\nBuffers: 10240 kB\nCached: 204800 kB\nSReclaimable: 0 kB\n",
      "proc/stat": "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n",
      "proc/self/mounts": `/dev/a / ext4 rw 0 0\n/dev/mmcblk0p6 ${data} ext4 rw 0 0\n`,
      "proc/device-tree/serial-number": "10000000abcdef\0",
      "sys/class/thermal/thermal_zone0/temp": "41600\n",
      "sys/class/thermal/thermal_zone1/temp": "-274000\n",
      "sys/class/thermal/cooling_device0/temp": "99000\n",
      "sys/class/hwmon/hwmon0/name": "rpi_volt\n",
      "sys/class/hwmon/hwmon0/in0_lcrit_alarm": "1\n",
    });
    const reader = new MetricsReader({ proc: join(scratch.path, "proc"), sys: join(scratch.path, "sys"), data });
    expect(await reader.read()).toMatchObject({
      memory_usage: 690,
      memory_total: 1000,
      storage_block_device: "/dev/mmcblk0p6",
      storage_total: expect.any(Number),
      cpu_usage: 20,
      cpu_temp: 42,
      cpu_id: "10000000abcdef",
      is_undervolted: true,
    });
    await place(scratch.path, { "proc/stat": "cpu  190 0 100 810 0 0 0 0 0 0\n" });
    expect((await reader.read()).cpu_usage).toBe(90);
  });

  it("are left out where the hardware tells nothing", async () => {
    await using scratch = await scratchDirectory();
    const none = join(scratch.path, "none");
    expect(await new MetricsReader({ proc: none, sys: none, data: none }).read()).toEqual({});
    expect([memoryOf("x"), cpuTicks("x"), mountedDevice("", "/")]).toEqual([{}, undefined, undefined]);
  });
});

describe("the whole report", () => {
  const input: ReportInput = {
    apiPort: 48_484,
    apiSecret: "secret",
    osVersion: "Holdfast 1",
    osVariant: "prod",
    supervisorVersion: "1.0.0",
    addresses: { ip: "192.0.2.5", mac: "AA" },
    metrics: { cpu_usage: 5 },
    isApplied: true,
    apps: {},
  };

  it("has what servers expect of a first report", () => {
    expect(deviceReport(input)).toEqual({
      api_port: 48_484,
      api_secret: "secret",
      os_version: "Holdfast 1",
      os_variant: "prod",
      supervisor_version: "1.0.0",
      provisioning_progress: null,
      provisioning_state: "",
      status: "Idle",
      ip_address: "192.0.2.5",
      mac_address: "AA",
      cpu_usage: 5,
      logs_channel: null,
      apps: {},
    });
  });

  it("leaves apps out in local mode, and says that there are no figures when they are switched off", () => {
    const local = deviceReport({ ...input, apps: undefined, metrics: undefined, isApplied: false });
    expect(local).not.toHaveProperty("apps");
    expect(local).not.toHaveProperty("logs_channel");
    expect(local).toMatchObject({ status: "Updating", cpu_usage: null, memory_total: null });
  });

  it("tells the variant that the system was built as, else whether it is in development mode", () => {
    expect([
      osVariantOf({ VARIANT_ID: "dev" }, false),
      osVariantOf({}, true),
      osVariantOf({ VARIANT_ID: "x" }, false),
    ]).toEqual(["dev", "dev", "prod"]);
  });
});
