import { minutes } from "@holdfast/contracts";
import { serialSocket } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import type { Device } from "./device/device.ts";
import { placeConnection } from "./device/place-connection.ts";
import type { SimCard } from "./modem/at-commands.ts";
import { ScriptedModem } from "./modem/scripted-modem.ts";

/** The modem comes from another network: in its first context it has that one's access point. */
const CARD: SimCard = {
  imsi: "001010123456789",
  iccid: "89010100000000000001",
  apn: "internet.example",
  contexts: new Map([[1, "former.example"]]),
};
const [OURS, THEIRS] = ["10.64.64.2", "10.64.64.1"];
const PATIENCE = minutes(4);
const patiently = { timeout: PATIENCE, interval: 2_000 };
let device: Device;
let modem: ScriptedModem;
/** The modem's line, and the line of its mobile network, as the kernel calls them. */
let lines: readonly string[];

beforeAll(async () => {
  device = await bootedDevice("e2e-cellular");
  lines = (await device.shell("for line in /sys/class/tty/ttyS*; do readlink -f $line; done | grep /pci"))
    .split("\n")
    .map((path) => path.split("/").at(-1) ?? "");
  expect(lines).toHaveLength(2);
  modem = await ScriptedModem.plug({
    modem: serialSocket(device.vm, "modem"),
    mobile: serialSocket(device.vm, "mobile"),
    card: CARD,
  });
  await startMobileNetwork();
});
afterAll(async () => {
  modem?.[Symbol.dispose]();
  await device?.[Symbol.asyncDispose]();
});

/** Debian's pppd as the network's end of the call, in a namespace of its own. */
async function startMobileNetwork(): Promise<void> {
  const options = `local noauth nodefaultroute noipv6 silent persist maxfail 0 holdoff 1 ms-dns ${THEIRS}`;
  await device.shell("ip netns add mobile && ip -n mobile link set lo up");
  await device.shell(
    `systemd-run --quiet --unit=mobile-network ip netns exec mobile pppd /dev/${lines[1]} 115200 nodetach ${options} ${THEIRS}:${OURS}`,
  );
}

const said = async (text: string): Promise<number> =>
  Number(await device.shell(`journalctl --no-pager --output=cat | grep -c -- '${text}' || true`));

describe("a modem on a serial line", () => {
  it("is found by ModemManager once a udev rule of config.json names its line", { timeout: PATIENCE }, async () => {
    const rule = `SUBSYSTEM=="tty", KERNEL=="${lines[0]}", ENV{ID_MM_DEVICE_PROCESS}="1"`;
    await device.shell(
      `jq --arg rule '${rule}' '.os.udevRules = {"90": $rule}' /mnt/boot/config.json >/tmp/config && mv /tmp/config /mnt/boot/config.json`,
    );
    const model = async (): Promise<string> => (await device.attempt("mmcli --modem=any")).stdout;
    await expect.poll(model, patiently).toContain("Scripted modem");
    expect(await model()).toContain(`primary port: ${lines[0]}`);
  });

  it("is registered and dialled by a keyfile, and carries traffic", { timeout: PATIENCE + minutes(2) }, async () => {
    await placeConnection(
      device,
      "cellular",
      `[connection]\nid=cellular\ntype=gsm\n[gsm]\napn=${CARD.apn}\n[ipv4]\nmethod=auto\nroute-metric=700\n[ipv6]\nmethod=disabled\n`,
    );
    const address = async (): Promise<string> => (await device.attempt("ip -brief address show ppp0")).stdout;
    await expect
      .poll(address, patiently)
      .toContain(OURS)
      .catch((failure: unknown) => {
        throw new Error(`the modem was told ${modem.commands.join(" ")}`, { cause: failure });
      });
    // A context of its own, with the keyfile's access point; the former one stays as it was.
    const [, dialled] = modem.commands.flatMap((command) => /^D\*99\*\*\*(\d)#$/.exec(command) ?? []);
    expect([...CARD.contexts]).toEqual([
      [1, "former.example"],
      [Number(dialled), CARD.apn],
    ]);
    expect(await device.shell("mmcli --modem=any")).toMatch(/state: *.*connected/);
    expect(await device.shell(`ping -c 3 -W 20 -I ppp0 ${THEIRS}`)).toContain(" 0% packet loss");
    // The wired network stays the preferred one.
    expect(await device.shell("ip route show default | head -1")).not.toContain("ppp0");
    expect(await device.shell("ip route show default dev ppp0")).toContain("metric 700");
  });

  it("is dialled again when the network drops the call", { timeout: 2 * PATIENCE }, async () => {
    const before = modem.commands.filter((command) => command.startsWith("D*99")).length;
    await device.shell("systemctl restart mobile-network.service || true; ip netns list");
    modem.hangUp();
    const dialled = (): number => modem.commands.filter((command) => command.startsWith("D*99")).length;
    await expect.poll(dialled, patiently).toBeGreaterThan(before);
  });

  it("leaves no secret in the journal", async () => {
    expect(await said(CARD.imsi)).toBe(0);
  });
});
