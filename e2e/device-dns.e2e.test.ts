import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

/** Two name servers on links of their own. They answer for .test, each with an address that names it. */
const SERVERS = [
  { name: "dns1", address: "192.0.2.2", device: "192.0.2.1", answer: "203.0.113.1" },
  { name: "dns2", address: "198.51.100.2", device: "198.51.100.1", answer: "203.0.113.2" },
] as const;
/** "Within seconds", on a busy machine without KVM. */
const MOST_MS = 5000;
let device: Device;
const servers: Neighbour[] = [];
let asked = 0;

const start = async (at: 0 | 1, how: readonly string[] = [`--address=/test/${SERVERS[at].answer}`]): Promise<void> => {
  const options = ["-C", "/dev/null", "-k", "-R", "-h", "-u", "root", "--log-facility=-", ...how];
  await servers[at]?.start("dnsmasq", ["dnsmasq", ...options]);
};

beforeAll(async () => {
  device = await bootedDevice("e2e-dns");
  for (const { name, address, device: own } of SERVERS)
    servers.push(await Neighbour.join(device, { name, address: `${address}/24`, deviceAddress: `${own}/24` }));
  await start(0);
  await start(1);
  await editConfig(device, '.dnsServers = "null"');
  await untilSays(device, "wc -c </run/dnsmasq.servers", "0");
  // As NetworkManager does for links that it manages.
  const given = SERVERS.map(({ address }) => `nameserver ${address}\\n`).join("");
  await device.shell(`printf '${given}' | resolvconf -a NetworkManager`);
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** Asks for a name that nobody has asked for, measured on the device. */
async function ask(prefix = ""): Promise<{ address: string; ms: number }> {
  asked += 1;
  const command = `${prefix} getent ahostsv4 name${asked}.test`;
  const output = await device.shell(
    `begin=$(date +%s%N); answer=$(${command} | head -n 1 || true); echo "$(( ($(date +%s%N) - begin) / 1000000 )) $answer"`,
  );
  const [ms = "", address = ""] = output.split(/\s+/);
  return { ms: Number(ms), address };
}
const answers = SERVERS.map(({ answer }): string => answer);

describe("names", () => {
  it("are asked through one resolver that has NetworkManager's servers", async () => {
    expect(await device.shell("cat /etc/resolv.conf")).toBe("nameserver 127.0.0.2\noptions timeout:15");
    expect(await device.shell("ls -l /etc/resolv.conf")).toContain("/run/resolv.conf");
    const used = await device.shell("cat /run/resolv.dnsmasq");
    for (const { address } of SERVERS) expect(used).toContain(`nameserver ${address}`);
    expect(answers).toContain((await ask()).address);
  });

  it.each([0, 1] as const)("are answered within seconds when server %i dies, and when it is back", async (at) => {
    const dead = servers[at];
    const other = SERVERS[at === 0 ? 1 : 0].answer;
    await dead?.plug(false);
    for (let round = 0; round < 3; round += 1) {
      const { address, ms } = await ask();
      expect(address).toBe(other);
      expect(ms).toBeLessThan(MOST_MS);
    }
    await dead?.plug(true);
    await dead?.stop("dnsmasq", "SIGKILL");
    const { address, ms } = await ask();
    expect(address).toBe(other);
    expect(ms).toBeLessThan(MOST_MS);
    await start(at);
  });

  it("come from the server that knows them when the other refuses", async () => {
    await servers[0]?.stop("dnsmasq");
    // Without a server of its own, it answers REFUSED.
    await start(0, []);
    for (let round = 0; round < 3; round += 1) {
      const { address, ms } = await ask();
      expect(address).toBe(SERVERS[1].answer);
      expect(ms).toBeLessThan(MOST_MS);
    }
    await servers[0]?.stop("dnsmasq");
    await start(0);
  });

  it("come from the faster server, and late answers harm nobody", async () => {
    await servers[0]?.freeze("dnsmasq", true);
    const { address, ms } = await ask();
    expect(address).toBe(SERVERS[1].answer);
    expect(ms).toBeLessThan(2000);
    await servers[0]?.freeze("dnsmasq", false);
    expect(answers).toContain((await ask()).address);
  });

  it("come again once all servers were gone and one is back", async () => {
    for (const server of servers) await server.plug(false);
    const waiting = ask();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const server of servers) await server.plug(true);
    expect((await waiting).ms).toBeGreaterThan(1000);
    await expect.poll(async () => answers.includes((await ask()).address), { timeout: 30_000 }).toBe(true);
  });

  it("reach containers: on the engine's bridge, on networks of their own, and on the host's", async () => {
    expect(await device.shell("ip -4 -o address show balena0")).toContain("10.114.101.1/24");
    expect((await device.attempt("ip link show docker0")).status).not.toBe(0);
    await device.shell("docker network create own");
    const image = await device.shell("docker inspect --format '{{.Image}}' balena_supervisor");
    for (const network of ["bridge", "own", "host"]) {
      asked += 1;
      const script = `require("dns").lookup("name${asked}.test", 4, (error, address) => console.log(address ?? String(error)))`;
      const run = `docker run --rm --network ${network} --entrypoint node ${image} -e '${script}'`;
      expect(answers, network).toContain(await device.shell(run));
    }
    const [address] = JSON.parse(
      await device.shell("docker network inspect --format '{{json .IPAM.Config}}' bridge"),
    ) as readonly { Gateway?: string }[];
    expect(address?.Gateway).toBe("10.114.101.1");
  });

  it("follow dnsServers live", async () => {
    await device.shell("printf '' | resolvconf -a NetworkManager");
    await editConfig(device, `.dnsServers = "${SERVERS[1].address}"`);
    await untilSays(device, "cat /run/dnsmasq.servers", `server=${SERVERS[1].address}`);
    await expect.poll(async () => (await ask()).address, { timeout: 30_000 }).toBe(SERVERS[1].answer);
  });
});
