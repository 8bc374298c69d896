import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { minutes } from "@holdfast/contracts";
import { hostPort } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, untilFollowed, untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const run = promisify(execFile);
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-contract");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const osRelease = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await device.shell("cat /etc/os-release")).split("\n").map((line): [string, string] => {
      const [, name = "", value = ""] = /^(\w+)="(.*)"$/.exec(line) ?? [];
      return [name, value];
    }),
  );

describe("what tools of other makers find on a device", () => {
  it("has the programs that they call over ssh", async () => {
    // Each says what it is asked for; a name alone could be an empty link.
    const calls: Record<string, RegExp> = {
      "systemctl is-active balena": /^active$/,
      "journalctl --list-boots --no-pager": /^ *0 [0-9a-f]{32} /m,
      "journalctl -a -b all --no-hostname -n 1 --no-pager": /: /,
      "journalctl -u balena -n 1 -o cat": /./,
      "findmnt --noheadings --output SOURCE /mnt/boot": /^\/dev\//,
      "lsblk -J | jq -r '.blockdevices[].name'": /^vda$/m,
      "lsblk -P -o NAME,PARTLABEL": /PARTLABEL="resin-data"/,
      "chronyc -n tracking": /Reference ID/,
      "NetworkManager --print-config": /^plugins=/m,
      "nmcli --terse general status": /connect/,
      "iptables -S INPUT": /-P INPUT/,
      "ip6tables -S INPUT": /-P INPUT/,
      "echo '{\"a\":[1]}' | jq -c .a": /^\[1\]$/,
      "rsync --version": /rsync +version 3/,
      timedatectl: /Universal time/,
      "udevadm info --query=property --name=vda": /DEVTYPE=disk/,
      "hostname && uname -m && mktemp && id -u": /x86_64/,
      "systemd-run --wait --quiet true && systemctl reset-failed && echo done": /^done$/,
      "os-config --version": /./,
      "curl --version": /^curl /,
    };
    for (const [call, answer] of Object.entries(calls))
      expect([call, await device.shell(call)]).toEqual([call, expect.stringMatching(answer)]);
  });

  it("has the units under the names that they ask for", async () => {
    const names = ["balena", "balena-engine", "docker", "balena-supervisor", "resin-supervisor", "NetworkManager"];
    for (const name of [...names, "ModemManager", "avahi-daemon", "dnsmasq", "chronyd"])
      expect([name, await device.shell(`systemctl is-active ${name}`)]).toEqual([name, "active"]);
    for (const name of ["config-json", "openvpn", "os-config", "sshd.socket", "bluetooth", "config-json.path"])
      expect([name, await device.shell(`systemctl show -P LoadState ${name}`)]).toEqual([name, "loaded"]);
    expect(await device.shell("docker inspect --format '{{.Name}}' balena_supervisor")).toBe("/balena_supervisor");
  });

  it("says its type and version where they look", async () => {
    const { SLUG, VERSION, VERSION_ID, ...more } = await osRelease();
    expect(SLUG).toBe("generic-amd64");
    expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
    expect(VERSION_ID).toBe(VERSION);
    // One slot serves both variants: config.json decides, and the slot must not contradict it.
    expect(more).not.toHaveProperty("VARIANT_ID");
    expect(await device.shell("cmp /etc/os-release /mnt/boot/os-release && echo same")).toBe("same");
    expect(await device.json("cat /mnt/boot/device-type.json")).toMatchObject({ slug: SLUG, arch: "amd64" });
    const info = z.object({ OperatingSystem: z.string(), Driver: z.string() });
    expect(info.parse(await device.json("docker info --format '{{json .}}'"))).toEqual({
      OperatingSystem: `Holdfast ${VERSION}`,
      Driver: "overlay2",
    });
  });

  it("lets only root make user namespaces", async () => {
    const asNobody = "setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user true";
    expect((await device.attempt(asNobody)).stderr).toContain("Operation not permitted");
    await device.shell("unshare --user true && systemd-run --wait --quiet --property=PrivateUsers=yes true");
  });

  it("has the engine's commands, which enter containers as they do", async () => {
    // As a remote login to a service looks for it.
    const choose = 'if [ -f /usr/bin/balena ]; then echo "balena"; else echo "docker"; fi';
    const engine = await device.shell(choose);
    expect(engine).toBe("balena");
    const listed = await device.shell(`${engine} ps --format "{{.ID}} {{.Names}}"`);
    const [, id] = /^([0-9a-f]+) web_\d+_\d+/m.exec(listed) ?? [];
    expect(await device.shell(`${engine} exec -i ${id} /bin/sh -c "if [ -e /bin/bash ]; then echo bash; fi"`)).toBe(
      "bash",
    );
    expect(await device.shell("balena exec balena_supervisor cat package.json | grep version")).toMatch(
      /\d+\.\d+\.\d+/,
    );
    expect(await device.shell("balena-engine ps --quiet | wc -l")).toBe("4");
  });

  it("takes files that they send with rsync over ssh", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-contract-"));
    try {
      await writeFile(join(folder, "sent"), "by rsync\n");
      const login = `ssh -F /dev/null -p ${hostPort(device.vm, "ssh")} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR`;
      const rsync = (from: string, to: string): readonly [string, ...string[]] =>
        device.lab.host.tools(["rsync", "-a", "-e", login, from, to]);
      for (const [from, to] of [
        [join(folder, "sent"), "root@127.0.0.1:/mnt/data/sent"],
        ["root@127.0.0.1:/mnt/data/sent", join(folder, "back")],
      ] as const) {
        const [program, ...args] = rsync(from, to);
        await run(program, args, { timeout: minutes(2) });
      }
      expect(await readFile(join(folder, "back"), "utf8")).toBe("by rsync\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("follows config.json as they edit it, and says when it is done", async () => {
    await editConfig(device, '.hostname = "contract"');
    await untilFollowed(device);
    await untilSays(device, "hostname", "contract");
    expect(await device.shell("ls -d /var/volatile /mnt/sysroot/active /resin-data /var/lib/docker")).toContain(
      "/resin",
    );
  });

  it("reboots when they ask for it, and forgets /tmp", { timeout: 2 * BOOT_PATIENCE }, async () => {
    const boot = await device.bootId();
    await device.shell("touch /tmp/reboot-check && systemd-run --on-active=2 reboot");
    const rebooted = async (): Promise<boolean> => (await device.bootId().catch(() => boot)) !== boot;
    await expect.poll(rebooted, { timeout: BOOT_PATIENCE, interval: 3_000 }).toBe(true);
    expect(await device.shell("ls /tmp/reboot-check 2>&1 || true")).toContain("No such file");
    expect(await device.shell("hostname")).toBe("contract");
  });
});
