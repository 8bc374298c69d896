import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";
import { FakeFleet } from "./fleet/fake-fleet.ts";
import { servicesBody } from "./fleet/fleet-server.ts";
import { CLIENT_CONFIG, TunnelServer } from "./fleet/tunnel-server.ts";
import { TEST_MACHINE } from "./neighbour/tree-server.ts";

// The cases build on each other: a device joins a fleet, and does what the fleet says of its tunnel.
const ACTIVE = "/run/openvpn/vpn_status/active";
const patiently = { timeout: minutes(4), interval: 1_000 };
let device: Device;
let tunnel: TunnelServer;
let fleet: FakeFleet;
let uuid: string;
let deviceKey: string;

/** What the fleet wants of its devices: no app, and what it says of them. */
const want = (config: Readonly<Record<string, string>>): void => fleet.want({ name: "brave-lamp", config, apps: {} });

beforeAll(async () => {
  device = await bootedDevice("e2e-fleet");
  tunnel = await TunnelServer.prepare(device);
  [uuid = "", deviceKey = ""] = (await device.shell("jq -r .uuid,.deviceApiKey /mnt/boot/config.json")).split("\n");
  fleet = await FakeFleet.start();
  want({});
  fleet.fault = ({ url }, response) => {
    if (url !== "/os/v1/config") return false;
    return response.writeHead(200).end(servicesBody({ config: CLIENT_CONFIG, ca: tunnel.ca }));
  };
});
afterAll(async () => {
  await fleet?.[Symbol.asyncDispose]();
  await device?.[Symbol.asyncDispose]();
});

const isUp = async (): Promise<boolean> => (await device.attempt(`test -e ${ACTIVE}`)).status === 0;
const openvpn = async (): Promise<string> => (await device.attempt("systemctl is-active openvpn")).stdout.trim();
const secret = (): string => fleet.reported.get(uuid)?.api_secret ?? "";
/** Returns after the device has asked for its target and had the time to apply it. */
const afterPolls = async (count: number): Promise<void> => {
  const polls = fleet.polls.length;
  await expect.poll(() => fleet.polls.length, patiently).toBeGreaterThan(polls + count);
};

/** Asks the supervisor on the device itself: the port is closed to the network now. */
const ask = async (path: string): Promise<string> =>
  await device.shell(`curl --silent --write-out ' %{http_code}' 'http://127.0.0.1:48484${path}'`);

describe("a device that joins a fleet", () => {
  it("registers with its own key, reports, and brings its tunnel up with that", async () => {
    await tunnel.accept(uuid, deviceKey);
    await tunnel.start();
    const config = {
      deviceType: "generic-amd64",
      apiEndpoint: fleet.url.replace("127.0.0.1", TEST_MACHINE),
      apiKey: fleet.provisioningKey,
      applicationId: 5,
      appUpdatePollInterval: 3000,
    };
    await device.shell(`os-config join '${JSON.stringify(config)}'`);
    await expect.poll(() => fleet.devices.get(uuid)?.key, patiently).toBe(deviceKey);
    await expect.poll(() => device.json("jq .apiKey /mnt/boot/config.json"), patiently).toBe(null);
    await expect.poll(secret, patiently).not.toBe("");
    await expect.poll(isUp, patiently).toBe(true);
  });

  it("asks for a key from now on, and takes the one that it reported", async () => {
    expect(await ask("/v1/device")).toMatch(/ 401$/);
    expect(await ask(`/v1/device?apikey=${secret()}`)).toMatch(/ 200$/);
  });

  it("does what the fleet wants: without an app in it, the sample goes", async () => {
    const names = async (): Promise<string> => await device.shell("docker ps --all --format '{{.Names}}'");
    await expect.poll(names, patiently).toBe("balena_supervisor");
  });
});

describe("SUPERVISOR_VPN_CONTROL", () => {
  const vpn = async (): Promise<unknown> => {
    const answer = await ask(`/v2/device/vpn?apikey=${secret()}`);
    return JSON.parse(answer.slice(0, answer.lastIndexOf(" ")));
  };

  it("turns the tunnel off, and the device goes on with its fleet without it", async () => {
    want({ BALENA_SUPERVISOR_VPN_CONTROL: "false" });
    await expect.poll(openvpn, patiently).toBe("inactive");
    await expect.poll(isUp, patiently).toBe(false);
    expect(await vpn()).toMatchObject({ vpn: { enabled: false, connected: false } });
    await afterPolls(2);
    expect(await device.shell("systemctl --failed --no-legend --plain")).toBe("");
  });

  it("is not followed more often than once an hour", async () => {
    want({ BALENA_SUPERVISOR_VPN_CONTROL: "true" });
    await afterPolls(3);
    expect(await openvpn()).toBe("inactive");
  });

  it("turns it on again when the hour is over", async () => {
    await device.shell("systemctl stop chrony-watch.timer timesync-https chrony; date --set '61 minutes'");
    await expect.poll(isUp, patiently).toBe(true);
    expect(await vpn()).toMatchObject({ vpn: { enabled: true, connected: true } });
  });
});

describe("SUPERVISOR_PERSISTENT_LOGGING", () => {
  it("counts after a reboot, for which the device sees by itself", { timeout: 2 * BOOT_PATIENCE }, async () => {
    const boot = await device.bootId();
    want({ BALENA_SUPERVISOR_VPN_CONTROL: "true", BALENA_SUPERVISOR_PERSISTENT_LOGGING: "true" });
    await device.untilOtherBoot(boot);
    expect(await device.shell("jq .persistentLogging /mnt/boot/config.json")).toBe("true");
    expect((await device.attempt("test -e /tmp/balena-supervisor/reboot-after-apply")).status).toBe(1);
    expect(await device.shell("findmnt --noheadings --output TARGET --target /var/log/journal")).toBe(
      "/var/log/journal",
    );
    // Once: the device that came back goes on with its fleet.
    await afterPolls(2);
    const next = await device.bootId();
    await afterPolls(2);
    expect(await device.bootId()).toBe(next);
  });
});
