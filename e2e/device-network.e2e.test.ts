import { minutes } from "@holdfast/contracts";
import { checkConnection } from "@holdfast/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { placeConnection, untilConnected } from "./device/place-connection.ts";

const PATIENCE = minutes(2);
const patiently = { timeout: PATIENCE, interval: 1_000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-network");
  // Another host on a link of its own: the device's end is managed as a cable would be.
  await device.shell(
    [
      "ip netns add lan && ip link add lan0 type veth peer name eth0 netns lan",
      "ip -n lan link set lo up && ip -n lan addr add 192.0.2.1/24 dev eth0 && ip -n lan addr add 198.51.100.1/24 dev eth0",
      "ip -n lan link set eth0 up && ip link set lan0 up",
    ].join(" && "),
  );
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const journal = async (unit: string): Promise<string> =>
  await device.shell(`journalctl --no-pager --output=cat --boot --unit=${unit}`);

describe("a device that nobody gave a connection", () => {
  it("has an address by DHCP on its wired network, and samples to begin with", async () => {
    const uplink = await device.shell("ip -json route show default | jq -r '.[0].dev'");
    expect(await device.shell(`nmcli --get-values GENERAL.CONNECTION,IP4.ADDRESS device show ${uplink}`)).toBe(
      "Wired connection 1\n10.0.2.15/24",
    );
    const names = (await device.shell("ls /mnt/boot/system-connections")).split("\n");
    expect(names).toContain("README.ignore");
    expect(names).toContain("balena-sample.ignore");
    const copies = await device.shell("cd /etc/NetworkManager/system-connections && stat --format '%a %U %n' *");
    expect(copies.split("\n")).toEqual(names.map((name) => `600 root ${name}`));
  });

  it("had its connections before NetworkManager started, and watches them", async () => {
    const [first = 0, second = 0] = (
      await device.shell(
        "systemctl show --property=ExecMainExitTimestampMonotonic --value balena-net-config.service; systemctl show --property=ExecMainStartTimestampMonotonic --value NetworkManager.service",
      )
    )
      .split("\n")
      .map(Number);
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThanOrEqual(first);
    expect(await device.shell("systemctl is-active balena-net-config.service holdfast-connections.path")).toBe(
      "active\nactive",
    );
  });
});

describe("another wired link", () => {
  it("gets an address by DHCP as soon as it is there, always as the same client", async () => {
    await device.shell(
      "systemd-run --quiet --unit=lan-dhcp ip netns exec lan dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=eth0 --bind-interfaces --dhcp-range=198.51.100.50,198.51.100.60,1h --dhcp-leasefile=/run/lan-leases --pid-file=",
    );
    await device.shell("nmcli device set lan0 managed yes");
    await untilConnected(device, "lan0", "Wired connection 2", PATIENCE);
    const lease = async (): Promise<string> => await device.shell("cut -d ' ' -f 2- /run/lan-leases");
    const first = await lease();
    expect(first).toMatch(/198\.51\.100\.\d+/);
    await device.shell("nmcli connection up 'Wired connection 2'");
    expect(await lease()).toBe(first);
    expect(await device.shell("ping -c 2 -W 10 -I lan0 198.51.100.1")).toContain(" 0% packet loss");
  });
});

describe("a keyfile on the boot partition", () => {
  it("is read while the device runs; a broken one beside it is told of, and no link that is up is cut", async () => {
    await placeConnection(
      device,
      "broken",
      "[connection]\nid=broken\ntype=wifi\n[wifi]\nssid=x\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=hunter2\n",
    );
    await placeConnection(
      device,
      "my lan",
      "\uFEFF[connection]\r\nid=fixed\r\ntype=ethernet\r\ninterface-name=lan0\r\n[ipv4]\r\nmethod=manual\r\naddress1=192.0.2.7/24\r\n",
    );
    const names = async (): Promise<string> => await device.shell("nmcli --get-values NAME connection");
    await expect.poll(names, patiently).toContain("fixed");
    await untilConnected(device, "lan0", "Wired connection 2", PATIENCE);
    const told = await journal("holdfast-connections.service");
    expect(told).toContain(
      "system-connections/broken: line 8: psk has 7 characters; WPA takes 8 to 63, or 64 hex digits",
    );
    expect(told).toContain("system-connections/my lan: copied");
    expect(await device.shell("journalctl --no-pager --boot | grep -c hunter2 || true")).toBe("0");
    expect(await device.shell("ls /etc/NetworkManager/system-connections")).not.toContain("broken");
  });

  it("gives its link a fixed address when the cable is plugged in again", async () => {
    await device.shell("ip -n lan link set eth0 down; sleep 8; ip -n lan link set eth0 up");
    await untilConnected(device, "lan0", "fixed", PATIENCE);
    expect(await device.shell("ip -brief address show lan0")).toContain("192.0.2.7/24");
    expect(await device.shell("ping -c 2 -W 10 -I lan0 192.0.2.1")).toContain(" 0% packet loss");
  });

  it("stays on the device when it goes from the boot partition", async () => {
    await device.shell("rm '/mnt/boot/system-connections/my lan' /mnt/boot/system-connections/broken");
    await device.shell("systemctl restart balena-net-config.service");
    expect(await device.shell("nmcli --get-values NAME connection")).toContain("fixed");
  });

  it("runs programs of dispatcher.d, also when an editor on Windows wrote them", async () => {
    await device.shell(
      "mkdir -p /mnt/boot/dispatcher.d && printf '#!/bin/sh\\r\\necho \"$1 $2\" >>/run/dispatched\\r\\n' >/mnt/boot/dispatcher.d/50-test",
    );
    await expect
      .poll(async () => (await device.attempt("test -x /etc/NetworkManager/dispatcher.d/50-test")).status, patiently)
      .toBe(0);
    await device.shell("nmcli connection up fixed");
    await expect.poll(async () => (await device.attempt("cat /run/dispatched")).stdout, patiently).toContain("lan0 up");
  });
});

describe("what we say of a keyfile", () => {
  const ethernet = "[connection]\nid=x\ntype=ethernet\n";
  const wifi = "[connection]\nid=x\ntype=wifi\n[wifi]\nssid=a\n";
  it("is what NetworkManager says of it", { timeout: minutes(4) }, async () => {
    const files = [
      ethernet,
      `${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.5/24,192.0.2.1\ndns=192.0.2.1;\n[ipv6]\nmethod=ignore\n`,
      `${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.5\n`,
      `${ethernet}[ipv4]\nmethod=manual\naddress1=192.0.2.500/24\n`,
      `${ethernet}[ipv4]\naddress1=192.0.2.5/24\n`,
      `${ethernet}[ipv4]\nmethod=static\n`,
      `${ethernet}[ipv4]\nmethod=auto\ngateway=192.0.2.1\n`,
      `${ethernet}[ipv6]\nmethod=disabled\naddress1=2001:db8::5/64\n`,
      `${ethernet}uuid=5\n`,
      `${ethernet}interface-name=enp0s31f6-wired0\n`,
      `${ethernet}[wobble]\na=b\n`,
      `${ethernet};comment\n`,
      "[connection]\nid=x\ntype=ethernet \n",
      "[connection]\nid=x\n[ethernet]\n",
      "[connection]\nid=x\ntype=bridge\n",
      "[connection]\nid=x\ntype=vlan\ninterface-name=v5\n[vlan]\nparent=eth0\nid=5\n",
      wifi,
      "[connection]\nid=x\ntype=wifi\n",
      wifi.replace("=a\n", `=${"ä".repeat(17)}\n`),
      `${wifi}mode=master\n`,
      `${wifi}band=g\n`,
      `${wifi}[wifi-security]\nkey-mgmt=wpa-psk\npsk=longenough\n`,
      `${wifi}[wifi-security]\nkey-mgmt=wpa2\npsk=longenough\n`,
      `${wifi}[wifi-security]\npsk=longenough\n`,
      `${wifi}[wifi-security]\nkey-mgmt=wpa-eap\n[802-1x]\neap=peap;\nidentity=a\nphase2-auth=mschapv2\n`,
      `${wifi}[wifi-security]\nkey-mgmt=wpa-eap\n[802-1x]\neap=peap;\n`,
      "[connection]\nid=x\ntype=gsm\n[gsm]\napn=internet.example\n",
      "[connection]\nid=x\ntype=gsm\n[gsm]\napn=my apn\n",
    ];
    for (const text of files) {
      const encoded = Buffer.from(text).toString("base64");
      const { status } = await device.attempt(
        `echo ${encoded} | base64 --decode | nmcli --offline connection modify connection.autoconnect yes >/dev/null`,
      );
      const isUsable = checkConnection(Buffer.from(text)).findings.every(({ severity }) => severity !== "error");
      expect([text, isUsable]).toEqual([text, status === 0]);
    }
  });
});
