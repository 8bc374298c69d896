import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { answering, FleetServer, servicesBody } from "./fleet/fleet-server.ts";
import { CLIENT_CONFIG, DEVICE_IN_TUNNEL, TunnelServer } from "./fleet/tunnel-server.ts";

// The cases build on each other: a device joins, lives with its tunnel, and leaves.
const PROVISIONING_KEY = "provisioning-0123456789";
const ACTIVE = "/run/openvpn/vpn_status/active";
const patiently = { timeout: minutes(3), interval: 1_000 };
let device: Device;
let tunnel: TunnelServer;
let api: FleetServer;
let uuid: string;
let deviceKey: string;
let served: { config: string; ca: string; overrides: Record<string, unknown> };

beforeAll(async () => {
  device = await bootedDevice("e2e-vpn");
  tunnel = await TunnelServer.prepare(device);
  served = { config: CLIENT_CONFIG, ca: tunnel.ca, overrides: { logsEndpoint: "https://logs.example", uuid: "0" } };
  [uuid = "", deviceKey = ""] = (await device.shell("jq -r .uuid,.deviceApiKey /mnt/boot/config.json")).split("\n");
  api = await FleetServer.start(
    answering(
      () => deviceKey,
      () => servicesBody(served),
    ),
  );
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await device?.[Symbol.asyncDispose]();
});

/** Requests for the services' configuration: the host checks the connection and the time with the same server. */
const configAsked = ({ asked }: FleetServer) => asked.filter(({ path }) => path === "/os/v1/config");
const isUp = async (): Promise<boolean> => (await device.attempt(`test -e ${ACTIVE}`)).status === 0;
const untilUp = async (isWanted = true): Promise<void> => await expect.poll(isUp, patiently).toBe(isWanted);
const journal = async (unit: string): Promise<string> =>
  await device.shell(`journalctl -b --no-pager -o cat -u ${unit}`);
const main = async (unit: string): Promise<string> => await device.shell(`systemctl show -P MainPID ${unit}`);
const setKey = async (edit: string): Promise<void> => {
  // The way tools do it: across filesystems, which removes the file and writes it anew.
  await device.shell(`jq '${edit}' /mnt/boot/config.json >/tmp/edited && mv /tmp/edited /mnt/boot/config.json`);
};
const join = async (more: object = {}): Promise<string> => {
  const apiEndpoint = `http://${api.host}`;
  const config = {
    deviceType: "generic-amd64",
    apiEndpoint,
    apiKey: PROVISIONING_KEY,
    applicationId: 1,
    hostname: "no",
    ...more,
  };
  return await device.shell(`os-config join '${JSON.stringify(config)}'`);
};

describe("an unmanaged device", () => {
  it("has a key of its own since its first boot, and no tunnel", async () => {
    expect(deviceKey).toMatch(/^[0-9a-f]{32}$/);
    expect(await device.shell("os-config --version")).toMatch(/^os-config \d+\.\d+\.\d+$/);
    expect(await device.shell("os-config update")).toContain("nothing to fetch");
    expect((await device.attempt("systemctl is-active openvpn")).stdout.trim()).toBe("inactive");
    expect(await device.shell("systemctl is-active os-config.timer")).toBe("active");
  });

  it("refuses a configuration that is not for it", async () => {
    const before = await device.shell("cat /mnt/boot/config.json");
    for (const config of ['{"apiEndpoint":', '{"apiEndpoint":"https://x","deviceType":"raspberrypi4-64"}']) {
      const { status, stdout } = await device.attempt(`os-config join '${config}'`);
      expect([status, stdout]).toEqual([1, expect.stringContaining("nothing was changed")]);
    }
    expect(await device.shell("cat /mnt/boot/config.json")).toBe(before);
  });
});

describe("a device that joins", () => {
  it("fetches its services' configuration and brings the tunnel up", async () => {
    await tunnel.accept(uuid, PROVISIONING_KEY);
    await tunnel.start();
    const others = await Promise.all(["NetworkManager", "dnsmasq", "balena"].map(main));
    expect(await join()).toContain(`joined ${api.host}`);
    await untilUp();
    expect(configAsked(api)[0]).toEqual({ path: "/os/v1/config", authorization: `Bearer ${deviceKey}` });
    expect(await journal("os-config")).toContain("Service configuration retrieved");
    expect(await device.shell("cat /etc/openvpn/openvpn.conf")).toBe(CLIENT_CONFIG.trim());
    expect(await device.shell("cat /etc/openvpn/ca.crt")).toBe(tunnel.ca.trim());
    expect(await device.shell("ip -brief address show resin-vpn")).toContain(`${DEVICE_IN_TUNNEL}/24`);
    expect(await Promise.all(["NetworkManager", "dnsmasq", "balena"].map(main))).toEqual(others);
  });

  it("keeps what is its own, and takes of the server's overrides what a server may set", async () => {
    expect(await device.json("cat /mnt/boot/config.json")).toMatchObject({
      uuid,
      developmentMode: true,
      deviceApiKey: deviceKey,
      deviceApiKeys: { [api.host]: deviceKey },
      logsEndpoint: "https://logs.example",
    });
    expect(await device.json("jq 'has(\"hostname\")' /mnt/boot/config.json")).toBe(false);
  });

  it("logs in as the contract says, with privileges dropped and nothing secret in sight", async () => {
    expect(await device.shell("cat /var/volatile/vpn-auth; stat -c '%a %U' /var/volatile/vpn-auth")).toBe(
      `${uuid}\n${PROVISIONING_KEY}\n600 root`,
    );
    expect(await device.shell(`ps -o user= -p ${await main("openvpn")}`)).toBe("openvpn");
    expect(await device.shell("tr '\\0' ' ' </proc/$(systemctl show -P MainPID openvpn)/cmdline")).toContain(
      "--writepid /run/openvpn/openvpn.pid --cd /etc/openvpn/ --config /etc/openvpn/openvpn.conf --connect-retry 5 120",
    );
    const logged = await device.shell("journalctl -b --no-pager -o cat");
    for (const key of [PROVISIONING_KEY, deviceKey]) expect(logged).not.toContain(key);
  });

  it("can be reached by its server on ssh and on the supervisor's port", async () => {
    expect(await tunnel.run(`ssh-keyscan -T 60 -p 22222 ${DEVICE_IN_TUNNEL} 2>/dev/null`)).toContain(" ssh-ed25519 ");
    await expect
      .poll(async () => await tunnel.run(`curl --silent http://${DEVICE_IN_TUNNEL}:48484/ping || true`), patiently)
      .toBe("OK");
  });

  it("logs in with its own key as soon as the provisioning key is gone", async () => {
    await tunnel.accept(uuid, deviceKey);
    const before = await main("openvpn");
    await setKey("del(.apiKey) | .registered_at = 1 | .deviceId = 2");
    await expect.poll(async () => await main("openvpn"), patiently).not.toBe(before);
    await untilUp();
    expect(await device.shell("tail -n 1 /var/volatile/vpn-auth")).toBe(deviceKey);
  });
});

describe("a tunnel in trouble", () => {
  it("says that it is down when the server dies, tries again with pauses, and comes back without a restart", async () => {
    const before = await main("openvpn");
    await tunnel.kill();
    await untilUp(false);
    await expect.poll(async () => await journal("openvpn"), patiently).toContain("Restart pause, 5 second(s)");
    await tunnel.start();
    await untilUp();
    expect(await main("openvpn")).toBe(before);
    expect(await tunnel.run(`ping -c 1 -W 5 ${DEVICE_IN_TUNNEL}`)).toContain(" 0% packet loss");
  });

  it("says that its key is refused, tries again, and comes up once it is accepted", async () => {
    await tunnel.accept(uuid, "another");
    await device.shell("systemctl restart openvpn");
    await expect.poll(async () => await journal("openvpn"), patiently).toContain("AUTH_FAILED");
    await untilUp(false);
    await tunnel.accept(uuid, deviceKey);
    await untilUp();
    expect(Number(await device.shell("systemctl show -P NRestarts openvpn"))).toBeGreaterThan(0);
  });

  it("leaves no trace of a connection when it is killed, and is started again", async () => {
    await device.shell(`kill -KILL ${await main("openvpn")}`);
    await untilUp(false);
    await untilUp();
  });

  it("keeps its configuration when the server sends one that OpenVPN would refuse", async () => {
    const before = await main("openvpn");
    served = { ...served, config: `${CLIENT_CONFIG}flux-capacitor 88\n`, ca: "no certificate" };
    const { status, stdout } = await device.attempt("os-config update");
    expect([status, stdout]).toEqual([1, expect.stringContaining("flux-capacitor")]);
    served = { ...served, config: CLIENT_CONFIG };
    expect((await device.attempt("os-config update")).stdout).toContain("ca holds no certificate");
    expect(await device.shell("cat /etc/openvpn/openvpn.conf /etc/openvpn/ca.crt")).toBe(
      `${CLIENT_CONFIG}${tunnel.ca}`.trim(),
    );
    expect(await main("openvpn")).toBe(before);
    served = { ...served, ca: tunnel.ca };
    expect((await device.attempt("os-config update")).status).toBe(0);
    expect(await main("openvpn")).toBe(before);
  });

  it("stays off while it is switched off, whatever the server says", async () => {
    await device.shell("touch /etc/openvpn/disabled");
    await untilUp(false);
    served = { ...served, config: `${CLIENT_CONFIG}# another\n` };
    await device.shell("os-config update");
    expect(await device.shell("tail -n 1 /etc/openvpn/openvpn.conf")).toBe("# another");
    expect((await device.attempt("systemctl is-active openvpn")).stdout.trim()).toBe("inactive");
    await device.shell("rm /etc/openvpn/disabled");
    await untilUp();
  });
});

describe("a server that cannot be asked", () => {
  it("is asked again after ten seconds", async () => {
    const healthy = api.answer;
    api.answer = (_, response) => response.writeHead(503).end("<html>");
    await device.shell("systemctl restart --no-block os-config");
    await expect.poll(async () => await journal("os-config"), patiently).toContain("status 503");
    const asked = configAsked(api).length;
    api.answer = healthy;
    await expect.poll(() => configAsked(api).length, patiently).toBeGreaterThan(asked);
    await expect
      .poll(async () => (await device.attempt("systemctl is-active os-config")).stdout.trim(), patiently)
      .toBe("inactive");
    expect(await isUp()).toBe(true);
  });
});

describe("a device that leaves", () => {
  it("has no tunnel, no login and no server any more, and goes on with its supervisor", async () => {
    expect(await device.shell("os-config leave")).toContain(`left ${api.host}`);
    await untilUp(false);
    expect((await device.attempt("systemctl is-active openvpn")).stdout.trim()).toBe("inactive");
    expect(await device.shell("ls /etc/openvpn")).toBe("");
    await expect.poll(async () => (await device.attempt("test -e /var/volatile/vpn-auth")).status, patiently).toBe(1);
    expect((await device.attempt("ip link show resin-vpn")).status).not.toBe(0);
    expect(await device.json("cat /mnt/boot/config.json")).toEqual({
      uuid,
      persistentLogging: false,
      developmentMode: true,
      deviceApiKeys: { [api.host]: deviceKey },
    });
    await expect.poll(async () => await device.api("/ping").catch(() => ""), patiently).toBe("OK");
    expect(await device.shell("systemctl --failed --no-legend --plain")).toBe("");
  });

  it("comes back with the key that its server knows", async () => {
    await tunnel.accept(uuid, deviceKey);
    await join({ apiKey: undefined });
    await untilUp();
    expect(await device.json("jq .deviceApiKey /mnt/boot/config.json")).toBe(deviceKey);
  });

  it("trusts a server with a certificate of its own as soon as it joins it", async () => {
    const certificate = async (name: string): Promise<string> => await device.shell(`cat /run/certificates/${name}`);
    const files = { key: await certificate("api.key"), cert: await certificate("api.crt") };
    await using server = await FleetServer.start(
      answering(
        () => "another",
        () => servicesBody(served),
      ),
      files,
    );
    await tunnel.accept(uuid, "another");
    const balenaRootCA = Buffer.from(await certificate("ca.crt")).toString("base64");
    await join({ apiEndpoint: `https://${server.host}`, apiKey: undefined, deviceApiKey: "another", balenaRootCA });
    await expect
      .poll(() => configAsked(server)[0], patiently)
      .toEqual({
        path: "/os/v1/config",
        authorization: "Bearer another",
      });
    await untilUp();
    expect(await device.shell("tail -n 1 /var/volatile/vpn-auth")).toBe("another");
  });
});
