import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import {
  editConfig,
  journalEnd,
  journalSince,
  restartsOnly,
  soon,
  untilFollowed,
  untilSays,
} from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";

const CONFIG = "/mnt/boot/config.json";
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-config");
  // Without any time server it restarts chronyd now and then, which no edit does.
  await device.shell("systemctl stop chrony-watch.timer chrony-watch.service");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

let cursor = "";
const mark = async (): Promise<void> => {
  cursor = await journalEnd(device);
};
const said =
  (unit = "config-json") =>
  async (): Promise<string> =>
    await journalSince(device, cursor, unit);
/** Whether root gets in without a password and without a key. */
const isOpen = async (): Promise<boolean> =>
  (
    await device.attempt(
      "ssh -p 22222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=none root@127.0.0.1 true",
    )
  ).status === 0;

describe("hostname", () => {
  it("changes everywhere within 10 s, and restarts only what announces it", async () => {
    await restartsOnly(device, ["avahi-daemon"], async () => {
      const taken = await device.shell(`
        tmp=$(mktemp); jq '.hostname = "pump-7"' ${CONFIG} >$tmp
        from=$(cut -d. -f1 /proc/uptime); mv $tmp ${CONFIG}
        until [ "$(hostname)" = pump-7 ]; do sleep 0.2; done
        echo $(($(cut -d. -f1 /proc/uptime) - from))`);
      expect(Number(taken)).toBeLessThanOrEqual(10);
    });
    expect(await device.shell("cat /etc/hostname /proc/sys/kernel/hostname")).toBe("pump-7\npump-7");
    expect(await device.shell("docker info --format '{{.Name}}'")).toBe("pump-7");
    const announced = "busctl call org.freedesktop.Avahi / org.freedesktop.Avahi.Server GetHostName";
    await untilSays(device, announced, 's "pump-7"');
    await editConfig(device, "del(.hostname)");
    await untilSays(device, "hostname", (await device.shell(`jq -r .uuid ${CONFIG}`)).slice(0, 7));
  });
});

describe("developmentMode and os.sshKeys", () => {
  const consoles = "systemctl is-active getty@tty1 serial-getty@ttyS0 || true";

  it("let a key in, and then no longer without one", async () => {
    expect(await isOpen()).toBe(true);
    await device.shell("ssh-keygen -q -t ed25519 -N '' -f /run/test-key");
    await restartsOnly(device, [], async () => {
      await editConfig(device, `.os.sshKeys = ["${await device.shell("cat /run/test-key.pub")}"]`);
    });
    expect(await isOpen()).toBe(false);
    const login =
      "ssh -i /run/test-key -p 22222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 echo in";
    expect(await device.shell(login)).toBe("in");
    expect(await device.shell("stat -c %a /root/.ssh/authorized_keys_local")).toBe("600");
    await editConfig(device, "del(.os.sshKeys)");
    await untilSays(device, "ls /root/.ssh/authorized_keys_local 2>&1", /No such file/);
    expect(await isOpen()).toBe(true);
  });

  it("closes and opens consoles and ssh live", async () => {
    await untilSays(device, consoles, "active\nactive");
    // Unless the fleet says otherwise, a production device is not found by name.
    const isFound = "systemctl is-active avahi-daemon";
    await restartsOnly(device, ["avahi-daemon"], async () => {
      await editConfig(device, ".developmentMode = false");
      await untilSays(device, isFound, "inactive");
    });
    await untilSays(device, consoles, "inactive\ninactive");
    expect(await isOpen()).toBe(false);
    await editConfig(device, '.developmentMode = "true"');
    await untilSays(device, consoles, "active\nactive");
    await untilSays(device, isFound, "active");
    expect(await isOpen()).toBe(true);
  });
});

describe("os.udevRules", () => {
  it("are files that udev applies at once; others go, what is no rule stays", async () => {
    await device.shell("touch /etc/udev/rules.d/99-foreign.rules /etc/udev/rules.d/README");
    await restartsOnly(device, [], async () => {
      await editConfig(device, '.os.udevRules = { "50-test": "KERNEL==\\"null\\", SYMLINK+=\\"config-test\\"" }');
    });
    await untilSays(device, "readlink -f /dev/config-test", "/dev/null");
    expect(await device.shell("ls /etc/udev/rules.d")).toBe("50-test.rules\nREADME");
    await editConfig(device, "del(.os.udevRules)");
    await untilSays(device, "ls /dev/config-test 2>&1", /No such file/);
    expect(await device.shell("ls /etc/udev/rules.d")).toBe("README");
  });
});

describe("hardware", () => {
  it("hears of os.fan.profile, and says that this board has no program for it", async () => {
    await mark();
    await restartsOnly(device, [], async () => await editConfig(device, '.os.fan.profile = "quiet"'));
    await expect.poll(said("os-fan-profile"), soon).toContain("not supported on this board");
    await editConfig(device, "del(.os.fan)");
    await untilFollowed(device);
  });

  it("takes firmware from the volume of os.kernel.extraFirmwareVol, once there is one", async () => {
    const path = "cat /sys/module/firmware_class/parameters/path";
    await mark();
    await restartsOnly(
      device,
      [],
      async () => await editConfig(device, '.os.kernel.extraFirmwareVol = "extra-firmware"'),
    );
    await expect.poll(said("os-extra-firmware"), soon).toContain("no volume extra-firmware yet");
    await device.shell("docker volume create extra-firmware && systemctl restart os-extra-firmware");
    expect(await device.shell(path)).toBe("/var/lib/docker/volumes/extra-firmware/_data");
    await editConfig(device, "del(.os.kernel)");
    await untilSays(device, path, "");
  });
});

describe("a file that cannot be used", () => {
  const rendered =
    "md5sum /etc/hostname /run/holdfast/development /run/dnsmasq.servers /run/holdfast/supervisor.json /mnt/state/config.json";

  it("changes nothing, is reported with its place, and is followed once it is mended", async () => {
    await device.shell(`cp ${CONFIG} /run/good.json`);
    const before = await device.shell(rendered);
    for (const [text, reason] of [
      ['{\\n  "hostname": "x",\\n  "apiKey": "hunter2', /at its end|line 3, column \d+: expected/],
      ['{\\n  "hostname": "x"\\n  "country": "DE"\\n}\\n', /line 3, column 3: expected a comma or }/],
      ["[]\\n", /not an object/],
    ] as const) {
      await mark();
      await device.shell(`printf '${text}' >${CONFIG}`);
      await expect.poll(said(), soon).toMatch(reason);
      expect(await said()()).toMatch(/^config\.json changed$/m);
      expect(await said()()).not.toContain("hunter2");
      await untilSays(device, "systemctl is-active config-json || true", "failed");
      expect(await device.shell(rendered)).toBe(before);
    }
    await device.shell(`cp /run/good.json ${CONFIG}`);
    await untilFollowed(device);
    expect(await device.shell(rendered)).toBe(before);
  });

  it("loses nothing when it is removed", async () => {
    const before = await device.shell(rendered);
    await mark();
    await device.shell(`mv ${CONFIG} /run/good.json`);
    await expect.poll(said(), soon).toContain("config.json is gone: nothing was changed");
    expect(await device.shell(rendered)).toBe(before);
    expect(await device.shell("jq -S . /mnt/state/config.json")).toBe(await device.shell("jq -S . /run/good.json"));
    await device.shell(`mv /run/good.json ${CONFIG}`);
    await untilFollowed(device);
  });

  it("spoils one key only when that has a wrong value, and none for keys that nobody knows", async () => {
    await mark();
    await editConfig(device, '.hostname = "kept" | .country = "DE"');
    await untilSays(device, "hostname", "kept");
    await editConfig(
      device,
      '.hostname = "no name!" | .country = 49 | .hostnam = "x" | .os.fun = {} | .listenPort = "48484"',
    );
    await expect.poll(said(), soon).toContain("config.json: hostname is ignored: not a host name");
    const reported = await said()();
    expect(reported).toContain("config.json: country is ignored: not a country of two letters");
    expect(reported).toContain("config.json: hostnam is ignored: not a key that the device knows");
    expect(reported).toContain("config.json: os.fun is ignored: not a key that the device knows");
    expect(await device.shell("hostname; cat /run/modprobe.d/holdfast-country.conf")).toMatch(/^kept\n.*=DE$/);
    await editConfig(device, "del(.hostname, .country, .hostnam, .os.fun, .listenPort)");
    await untilSays(device, "hostname", /^[0-9a-f]{7}$/);
  });
});

describe("whatever way the file is written", () => {
  const next = (name: string): string => `jq '.hostname = "${name}"' ${CONFIG} >/run/next.json`;

  it.each([
    ["in place", "in-place", `cat /run/next.json >${CONFIG}`],
    ["by rename", "by-rename", `cp /run/next.json ${CONFIG}.tmp && mv ${CONFIG}.tmp ${CONFIG}`],
    ["by removing it first", "removed-first", `rm ${CONFIG}; sleep 1; cp /run/next.json ${CONFIG}`],
    ["slowly", "slowly", `(head -c 60 /run/next.json; sleep 1.5; tail -c +61 /run/next.json) >${CONFIG}`],
  ])("it is followed when it is written %s", async (_, name, command) => {
    await device.shell(next(name));
    await mark();
    await device.shell(command);
    await untilSays(device, "hostname", name);
    await untilFollowed(device);
    expect(await said()()).not.toContain("not valid");
  });

  it("the last of many quick changes counts", async () => {
    await device.shell(
      `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do jq ".hostname = \\"many-$i\\"" ${CONFIG} >/run/next.json; cp /run/next.json ${CONFIG}; sleep 0.3; done`,
    );
    await untilSays(device, "hostname", "many-12");
    await untilFollowed(device);
    await editConfig(device, "del(.hostname)");
    await untilSays(device, "hostname", /^[0-9a-f]{7}$/);
  });
});
