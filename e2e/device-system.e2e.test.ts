import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { DISK } from "./device/device-lab.ts";
import { damageFile } from "./device/slot-damage.ts";

const MIB = 1024 * 1024;
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-system");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const partition = z.object({
  name: z.string(),
  partlabel: z.string(),
  label: z.string().nullable(),
  fstype: z.string().nullable(),
  size: z.int(),
  start: z.int(),
});
const disks = z.object({ blockdevices: z.array(z.object({ size: z.int(), children: z.array(partition) })) });

describe("the disk", () => {
  it("has the partitions with their labels, and resin-data fills the rest", async () => {
    const [disk] = disks.parse(
      await device.json("lsblk --json --bytes --output NAME,PARTLABEL,LABEL,FSTYPE,SIZE,START /dev/vda"),
    ).blockdevices;
    expect(disk?.children.map(({ name, partlabel, label, fstype }) => [name, partlabel, label, fstype])).toEqual([
      ["vda1", "resin-boot", "resin-boot", "vfat"],
      ["vda2", "resin-rootA", null, "erofs"],
      ["vda3", "resin-rootB", null, null],
      ["vda4", "resin-state", "resin-state", "ext4"],
      ["vda5", "resin-data", "resin-data", "ext4"],
    ]);
    const data = disk?.children.at(-1);
    expect(disk?.size).toBe(DISK);
    expect((data?.start ?? 0) * 512 + (data?.size ?? 0)).toBeGreaterThan(DISK - 2 * MIB);
    // The filesystem has grown, too; ext4 keeps a few percent for itself.
    const [blocks = 0, size = 0] = (await device.shell("stat -f -c '%b %S' /mnt/data")).split(" ").map(Number);
    expect(blocks * size).toBeGreaterThan((data?.size ?? 0) * 0.9);
  });

  it("is found by state, whatever the kernel calls it", async () => {
    const names = ["active", "inactive", "resin-boot", "resin-data", "resin-state"];
    const links = await device.shell(`cd /dev/disk/by-state && ls && readlink -f ${names.join(" ")}`);
    expect(links.split("\n")).toEqual([...names, "/dev/vda2", "/dev/vda3", "/dev/vda1", "/dev/vda5", "/dev/vda4"]);
  });

  it("has an identity of its own since the first boot", async () => {
    const uuids = await device.shell(
      "blkid -o value -s PARTUUID /dev/vda*; blkid -o value -s UUID /dev/vda4 /dev/vda5",
    );
    const { stdout } = await device.attempt("cat /mnt/state/root-overlay/etc/machine-id");
    expect(new Set(uuids.split("\n")).size).toBe(7);
    expect(stdout.trim()).toMatch(/^[0-9a-f]{32}$/);
    expect(await device.shell("cat /etc/machine-id")).toBe(stdout.trim());
  });
});

describe("the root", () => {
  it("is erofs behind verity, and nobody can write to it", async () => {
    expect(await device.shell("findmnt --noheadings --output FSTYPE,OPTIONS / | tr -s ' '")).toMatch(/^erofs ro(,|$)/);
    expect(await device.shell("cat /sys/class/block/dm-0/dm/uuid")).toMatch(/^CRYPT-VERITY-/);
    const { status, stderr } = await device.attempt("touch /usr/written");
    expect([status, stderr]).toEqual([1, expect.stringContaining("Read-only file system")]);
    expect((await device.attempt("mount -o remount,rw /")).status).not.toBe(0);
    expect((await device.attempt("touch /written")).status).toBe(1);
  });

  it("binds every persistent path to its partition", async () => {
    const paths = z
      .array(z.object({ path: z.string(), partition: z.enum(["state", "data"]) }))
      .parse(await device.json("cat /usr/lib/holdfast/state-paths.json"));
    expect(paths.length).toBeGreaterThan(10);
    const mounts = new Map(
      (await device.shell("cat /proc/self/mountinfo")).split("\n").map((line) => {
        const [, , , root = "", at = "", ...rest] = line.split(" ");
        return [at, `${rest[rest.indexOf("-") + 2]} ${root}`];
      }),
    );
    for (const { path, partition: where } of paths) {
      const source = where === "state" ? "/dev/vda4" : "/dev/vda5";
      expect([path, mounts.get(path)]).toEqual([path, `${source} /root-overlay${path}`]);
    }
    await device.shell("echo kept >/etc/openvpn/written");
    expect(await device.shell("cat /mnt/state/root-overlay/etc/openvpn/written")).toBe("kept");
  });

  it("mounts the data partition without delayed allocation", async () => {
    expect(await device.shell("grep ' /mnt/data ' /proc/mounts")).toMatch(/ ext4 \S*\bnodelalloc\b/);
  });
});

describe("memory", () => {
  it("holds the system's journal, and no more than 4 MB of it", async () => {
    // More than it may keep, from units of their own: each stays below the rate limit.
    for (const unit of ["one", "two", "three", "four", "five", "six", "seven"]) {
      const flood = "head -c 1500000 /dev/urandom | base64 -w 1000";
      await device.shell(`systemd-run --quiet --wait --unit flood-${unit} sh -c '${flood}'`);
    }
    await device.shell("journalctl --sync");
    expect(await device.shell("ls -d /var/log/journal 2>&1 || true")).toContain("No such file");
    const size = async (directory: string): Promise<number> =>
      Number(
        await device.shell(`find ${directory} -type f -printf '%s\\n' | awk '{ sum += $1 } END { print sum + 0 }'`),
      );
    const own = await size('"/run/log/journal/$(cat /etc/machine-id)"');
    expect(own).toBeLessThanOrEqual(4 * MIB + 4096);
    expect(own).toBeGreaterThan(2 * MIB);
    // Beside it lies what was logged before the machine's id was known.
    expect((await size("/run/log/journal")) - own).toBeLessThanOrEqual(1.5 * MIB);
  });

  it("swaps to itself, compressed", async () => {
    const [, type, size] = (await device.shell("grep zram /proc/swaps | tr -s ' \\t' ' '")).split(" ");
    expect(type).toBe("partition");
    expect(Number(size)).toBeGreaterThan(100 * 1024);
  });
});

describe("a development device", () => {
  it("answers for the engine under all the names of its sockets and commands", async () => {
    for (const socket of ["balena-engine", "balena", "docker"]) {
      expect(await device.shell(`curl --silent --unix-socket /var/run/${socket}.sock http://engine/_ping`)).toBe("OK");
    }
    for (const command of ["balena-engine", "balena", "docker"]) {
      expect(await device.shell(`${command} version --format '{{.Server.Version}}'`)).toMatch(/^\d+\.\d+/);
    }
  });
});

describe("a changed byte in the slot", () => {
  it("makes reading its file fail, and nothing else", async () => {
    const damaged = "/usr/lib/holdfast/supervisor.tar.zst";
    await device.shell(`cat ${damaged} >/dev/null`);
    const damage = await damageFile(device, damaged);
    const { status, stderr } = await device.attempt(`cat ${damaged} >/dev/null`);
    expect([status, stderr]).toEqual([1, expect.stringContaining("Input/output error")]);
    expect(await device.shell("dmesg | grep -c 'device-mapper: verity.*corrupted'")).not.toBe("0");
    await device.shell("cat /usr/lib/holdfast/supervisor.json >/dev/null");
    await damage.undo();
    await device.shell(`cat ${damaged} >/dev/null`);
  });
});
