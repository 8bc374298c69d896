import { createServer as createSecureServer, type Server } from "node:https";
import { waitForSsh } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, journalEnd, soon, untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";
import { listenOnLoopback } from "./machine/listen-on-loopback.ts";
import { Neighbour } from "./neighbour/neighbour.ts";
import { TimeServer } from "./neighbour/time-server.ts";
import { TEST_MACHINE } from "./neighbour/tree-server.ts";

const NTP = "198.51.100.1";
const DAY = 86_400;
const KEPT = "/etc/fake-hwclock/fake-hwclock.data";
let device: Device;
let server: TimeServer;

beforeAll(async () => {
  device = await bootedDevice("e2e-time");
  server = await TimeServer.start();
  await device.shell(server.reachedAs(NTP));
});
afterAll(async () => {
  server?.[Symbol.dispose]();
  await device?.[Symbol.asyncDispose]();
});

const deviceTime = async (): Promise<number> => Number(await device.shell("date +%s.%N"));
const kept = async (): Promise<number> => Number(await device.shell(`date --utc --date="$(cat ${KEPT})" +%s`));
/** Seconds by which the device's clock is behind the server's. */
const behind = async (): Promise<number> => server.now - (await deviceTime());

describe("the time by NTP", () => {
  it("is that of the servers in config.json, days away", async () => {
    server.ahead = 3 * DAY;
    await editConfig(device, `.ntpServers = "${NTP}"`);
    await untilSays(device, "chronyc -c -n sources", new RegExp(`^\\^,\\*,${NTP.replaceAll(".", "\\.")},`, "m"));
    await expect.poll(async () => Math.abs(await behind()), soon).toBeLessThan(2);
  });

  it("is kept as soon as it is known, so that a power cut does not lose it", async () => {
    await device.shell("systemctl start --wait chrony-watch.service");
    expect(Math.abs((await kept()) - (await deviceTime()))).toBeLessThan(30);
  });

  it("does not lose the clock's drift with the boot", async () => {
    await device.shell("systemctl restart chrony.service");
    expect(await device.shell("cat /mnt/state/root-overlay/var/lib/chrony/drift")).toMatch(/\d/);
  });

  it("comes back when chronyd lost its source, by a poll", async () => {
    server.isSilent = true;
    await device.shell("systemctl restart chrony.service && sleep 12");
    expect((await device.shell("chronyc -c -n sources")).includes(",*,")).toBe(false);
    server.isSilent = false;
    const cursor = await journalEnd(device);
    await device.shell("rm -f /run/holdfast/time-watch.json; systemctl start --wait chrony-watch.service");
    expect(await device.shell(`journalctl -o cat -u chrony-watch --after-cursor='${cursor}'`)).toContain(
      "No online NTP sources - forcing poll",
    );
    await untilSays(device, "chronyc -c -n sources", /,\*,/);
  });

  it("comes back when chronyd hangs, by a restart", { timeout: 240_000 }, async () => {
    const pid = await device.shell("systemctl show -P MainPID chrony.service");
    await device.shell(`kill -STOP ${pid}; for look in 1 2; do systemctl start --wait chrony-watch.service; done`);
    expect(await device.shell("systemctl show -P MainPID chrony.service")).not.toBe(pid);
    await untilSays(device, "chronyc -c -n sources", /,\*,/);
  });
});

describe("the clock across a restart", () => {
  it("goes on where it was kept at shutdown", async () => {
    await device.shell("systemctl stop chrony.service fake-hwclock.service");
    const before = await kept();
    expect(Math.abs(before - (await deviceTime()))).toBeLessThan(10);
    await device.shell("date --utc --set='2001-01-01' && systemctl start fake-hwclock.service");
    expect(await deviceTime()).toBeGreaterThanOrEqual(before);
  });

  it("is not turned back by a clock chip whose driver comes late", async () => {
    const before = await kept();
    const chip = await device.shell(
      "find /sys/bus/*/drivers/rtc_cmos -mindepth 1 -maxdepth 1 -name '*[:_]*' -type l | head -n 1",
    );
    expect(chip).not.toBe("");
    // The kernel sets the clock from its first chip only, and somebody holds that: the test does what the kernel would.
    const back = "date --utc --set='3 days ago' >/dev/null";
    await device.shell(
      `cd "$(dirname ${chip})" && basename ${chip} >unbind && sleep 1 && ${back} && basename ${chip} >bind`,
    );
    await expect.poll(deviceTime, soon).toBeGreaterThanOrEqual(before);
    expect(await device.shell("journalctl -o cat -u timeinit-rtc.service")).toMatch(
      /the clock said .* now says .*, (what it was last|the clock chip's)/,
    );
  });
});

describe("where NTP is blocked", () => {
  it("the time is the connectivity check's, whose certificate has run out", async () => {
    const [key = "", cert = ""] = (
      await device.shell(
        "cd /tmp && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -not_before 20200101000000Z -not_after 20210101000000Z -keyout k.pem -out c.pem 2>/dev/null && cat k.pem && echo ---- && cat c.pem",
      )
    ).split("\n----\n");
    let ahead = 10 * DAY;
    const web = createSecureServer({ key, cert }, (_, response) => {
      response.writeHead(204, { date: new Date(Date.now() + ahead * 1000).toUTCString() }).end();
    });
    const port = await listenOnLoopback(web);
    server.isSilent = true;
    await device.shell("systemctl restart chrony.service");
    await editConfig(device, `.os.network.connectivity.uri = "https://${TEST_MACHINE}:${port}/check"`);
    await expect.poll(async () => Date.now() / 1000 + ahead - (await deviceTime()), soon).toBeLessThan(3);
    await expect.poll(async () => Math.abs((await kept()) - (await deviceTime())), soon).toBeLessThan(30);

    ahead = -10 * DAY;
    const before = await deviceTime();
    await device.shell("systemctl restart timesync-https.service; sleep 5");
    expect(await deviceTime()).toBeGreaterThan(before);
    web.closeAllConnections();
    web.close();
  });
});

describe("a network that offers a time server", () => {
  it("has it used while its link is up", async () => {
    await using lan = await Neighbour.join(device, { name: "lan", address: "192.0.2.2/24" });
    await lan.start("time", ["chronyd", "-d", "-x", "-f", "/etc/time.conf"], {
      files: { "/etc/time.conf": "local stratum 5\nallow all\ncmdport 0\n" },
    });
    await lan.start("dhcp", [
      "dnsmasq",
      ...["--keep-in-foreground", "--port=0", "--interface=eth0", "--dhcp-range=192.0.2.50,192.0.2.60,1h"],
      "--dhcp-option=option:ntp-server,192.0.2.2",
    ]);
    await device.attempt(`nmcli device connect ${lan.link}`);
    await untilSays(device, "chronyc -c -n sources", /^\^,\*,192\.0\.2\.2,/m);
    await lan.plug(false);
    await untilSays(device, "chronyc -c -n sources | grep -c 192.0.2.2", "0");
  });
});

describe("a device whose clock chip knows nothing", () => {
  // Without a battery a chip begins anew whenever it gets power; a device without a chip begins at 1970.
  const CHIP = { extraArguments: ["-rtc", "base=2000-01-01T00:00:00"] };
  const LIMIT = 2 * BOOT_PATIENCE;
  const FOLDER = "/mnt/data/test-tls";
  let port = 0;
  let web: Server;

  /** What a program on the device says of a server whose certificate is not valid before the device's own time of now. */
  const greet = async (): Promise<string> => {
    const url = `https://${TEST_MACHINE}:${port}/`;
    const { stdout } = await device.attempt(`curl --silent --cacert ${FOLDER}/c.pem ${url}; echo " $?"`);
    return stdout.trim();
  };

  beforeAll(async () => {
    const make = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -addext subjectAltName=IP:${TEST_MACHINE} -days 30 -keyout k.pem -out c.pem 2>/dev/null`;
    const pair = await device.shell(
      `mkdir -p ${FOLDER} && cd ${FOLDER} && ${make} && cat k.pem && echo ---- && cat c.pem`,
    );
    const [key = "", cert = ""] = pair.split("\n----\n");
    web = createSecureServer({ key, cert }, (_, response) => response.end("hello"));
    port = await listenOnLoopback(web);
  });
  afterAll(() => {
    web?.closeAllConnections();
    web?.close();
  });

  it("goes on at the last known time after a power cut, and TLS works", { timeout: LIMIT }, async () => {
    // Neither NTP nor the web tells it the time.
    server.isSilent = true;
    await editConfig(device, "del(.os.network) | del(.ntpServers)");
    await device.shell("systemctl stop timesync-https.service; systemctl start fake-hwclock-update.service; sync");
    const before = await kept();
    expect(before).toBeGreaterThan(Date.now() / 1000 + DAY);
    await device.cutAndStart(CHIP);
    await waitForSsh(device.lab.host, device.vm, { timeout: BOOT_PATIENCE });
    expect(await device.shell("cat /sys/class/rtc/rtc0/date")).toBe("2000-01-01");
    expect(await device.shell("journalctl --boot --output=cat --unit=fake-hwclock.service")).toMatch(
      /the clock said .* and now says .*, what it was last/,
    );
    expect(await deviceTime()).toBeGreaterThanOrEqual(before);
    expect(await deviceTime()).toBeLessThan(before + DAY);
    expect(await greet()).toBe("hello 0");
    // No line of this boot is older than the time it went on with, but the kernel's first ones.
    const oldest = "journalctl --boot --output=short-unix --unit=NetworkManager | head -n 1 | cut -d. -f1";
    expect(Number(await device.shell(oldest))).toBeGreaterThanOrEqual(before);
  });

  it("is not set back by a restart either", { timeout: LIMIT }, async () => {
    const before = await deviceTime();
    await device.reboot();
    expect(await deviceTime()).toBeGreaterThan(before);
    expect(await greet()).toBe("hello 0");
  });

  it("would not get far with the time of its chip", async () => {
    await device.shell("date --utc --set='2000-01-02' >/dev/null");
    // curl: the peer's certificate cannot be verified, here since it is not valid yet.
    expect(await greet()).toBe("60");
    await device.shell("systemctl start timeinit-rtc.service");
    expect(await greet()).toBe("hello 0");
  });
});
