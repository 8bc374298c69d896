import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchDirectory } from "../../testing/scratch.ts";
import { readAddresses, reportedIps } from "./addresses.ts";

const address = (address: string, family = "IPv4", internal = false) => ({ address, family, internal });

it("tells the addresses of real interfaces only, of IPv6 those that reach beyond the link", () => {
  const interfaces = {
    lo: [address("127.0.0.1", "IPv4", true)],
    eth0: [address("192.0.2.7"), address("fe80::1", "IPv6"), address("2001:db8::7", "IPv6")],
    wlan0: [address("192.0.2.7"), address("198.51.100.9")],
    balena0: [address("10.114.101.1")],
    supervisor0: [address("10.114.104.1")],
    "br-0123456789ab": [address("172.18.0.1")],
    tun0: [address("10.8.0.2")],
  };
  expect(reportedIps(interfaces)).toEqual(["192.0.2.7", "2001:db8::7", "198.51.100.9"]);
});

it("tells hardware addresses once, in capitals, without members of bonds and what is no Ethernet", async () => {
  await using scratch = await scratchDirectory();
  const make = async (name: string, type: string, mac: string): Promise<void> => {
    await mkdir(join(scratch.path, name), { recursive: true });
    await writeFile(join(scratch.path, name, "type"), `${type}\n`);
    await writeFile(join(scratch.path, name, "address"), `${mac}\n`);
  };
  await make("eth0", "1", "02:00:00:00:00:0a");
  await make("eth1", "1", "02:00:00:00:00:0b");
  await mkdir(join(scratch.path, "eth1/master"));
  await make("bond0", "1", "02:00:00:00:00:0a");
  await make("tunl0", "768", "00:00:00:00");
  await make("docker0", "1", "02:00:00:00:00:0c");
  expect(await readAddresses(scratch.path, {})).toEqual({ ip: "", mac: "02:00:00:00:00:0A" });
});
