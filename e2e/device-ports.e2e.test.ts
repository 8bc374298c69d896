import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

const DEVICE = "192.0.2.1";
let device: Device;
let stranger: Neighbour;

beforeAll(async () => {
  device = await bootedDevice("e2e-ports");
  stranger = await Neighbour.join(device, {
    name: "stranger",
    address: "192.0.2.2/24",
    deviceAddress: `${DEVICE}/24`,
  });
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const ALL_PORTS = "1-65535";

/** The TCP ports of the device, of those given, on which somebody on its network finds a server. */
async function openPorts(ports: string): Promise<number[]> {
  const scan = `for ports in ${ports}; do nc.openbsd -nvz -w 2 ${DEVICE} $ports; done 2>&1 | grep succeeded || true`;
  const found = await stranger.run(["sh", "-c", scan]);
  return [...found.matchAll(/ (\d+) port /g)].map(([, port]) => Number(port));
}

/** Changes config.json as tools do. */
async function configure(filter: string): Promise<void> {
  await device.shell(
    `jq '${filter}' /mnt/boot/config.json >/tmp/config.json && mv /tmp/config.json /mnt/boot/config.json`,
  );
}

/** Ports on which anything on the device listens, whoever may reach it: a server elsewhere cannot be found. */
async function listening(): Promise<string> {
  const lines = (await device.shell("ss --listening --tcp --numeric --no-header")).split("\n");
  return [...new Set(lines.map((line) => /:(\d+)\s/.exec(line)?.[1] ?? ""))].join(" ");
}

const statusOf = async (url: string, options = ""): Promise<string> =>
  await device.shell(`curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}' ${options} ${url}`);
const untilClosed = () =>
  expect.poll(() => statusOf("http://127.0.0.1:48484/v2/version"), { timeout: 30_000, interval: 1000 }).toBe("401");

describe("what somebody on the device's network finds", () => {
  it("in development: ssh, the engine, the device API and the app's page", async () => {
    expect(await openPorts("1-100 2375 22222 48484")).toEqual([80, 2375, 22_222, 48_484]);
    expect(await stranger.run(["curl", "--silent", `http://${DEVICE}:48484/ping`])).toBe("OK");
    const version = await stranger.run(["curl", "--silent", `http://${DEVICE}:2375/version`]);
    expect(JSON.parse(version)).toMatchObject({ Engine: "balena-engine" });
  });

  it("in production, unmanaged: ssh only; the device API answers the device itself, and asks for a key", async () => {
    const noApp = { local: { name: "d", config: {}, apps: {} } };
    expect(await device.api("/v2/local/target-state", noApp)).toMatchObject({ status: "success" });
    await expect
      .poll(() => device.shell("docker ps --quiet --filter label=io.balena.service-name"), { timeout: 120_000 })
      .toBe("");
    await configure(".developmentMode = false");
    await untilClosed();
    expect(await openPorts(ALL_PORTS)).toEqual([22_222]);
    // The address of the containers' resolver is the device's, too.
    await device.shell("ip netns exec stranger ip route add 10.114.102.0/24 via 192.0.2.1");
    expect((await stranger.attempt(["dig", "+time=2", "+tries=1", "@10.114.102.1", "example.test"])).status).not.toBe(
      0,
    );
    expect(await statusOf("http://127.0.0.1:48484/ping")).toBe("200");
    expect(await statusOf("http://10.114.104.1:48484/ping")).toBe("200");
    const [key] = (await device.shell("jq -r .globalKey /mnt/data/resin-data/balena-supervisor/settings.json")).split(
      "\n",
    );
    expect(await statusOf(`http://127.0.0.1:48484/v2/version?apikey=${key}`)).toBe("200");
    expect(await statusOf("http://127.0.0.1:48484/v2/local/target-state", "--request POST")).toBe("401");
  });

  it("in production, managed: ssh only", async () => {
    await configure('.apiEndpoint = "https://192.0.2.2" | .registered_at = 1 | .deviceId = 1');
    await device.shell("systemctl restart balena-supervisor.service");
    await expect.poll(() => statusOf("http://127.0.0.1:48484/ping"), { timeout: 120_000, interval: 1000 }).toBe("200");
    const ports = await listening();
    expect(ports.split(" ")).toEqual(expect.arrayContaining(["22222", "48484"]));
    expect(await openPorts(ports)).toEqual([22_222]);
  });

  it("back in development: the engine again, but not the device API of a managed device", async () => {
    await configure(".developmentMode = true");
    await expect
      .poll(() => openPorts("2375 22222 48484"), { timeout: 120_000, interval: 2000 })
      .toEqual([2375, 22_222]);
  });
});
