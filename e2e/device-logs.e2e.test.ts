import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { appContainers } from "./device/containers.ts";
import type { Device } from "./device/device.ts";
import { startTrial, type TrialContainer, trialEnd } from "./device/trial-container.ts";

const MIB = 1024 * 1024;
const patiently = { timeout: minutes(3), interval: 1_000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-logs");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** Lines that no compression makes smaller, of 1.5 kB each. */
const noise = (lines: number): string => `head -c ${lines * 1125} /dev/urandom | base64 -w 1500`;
const settle = "journalctl --sync; journalctl --namespace=apps --sync";

/** Bytes of journal files: the system's, and the apps'. */
async function sizes(root: string): Promise<{ system: number; apps: number }> {
  await device.shell(settle);
  const sum = async (files: string): Promise<number> =>
    Number(await device.shell(`cat ${files} | wc -c`).catch(() => "0"));
  return { system: await sum(`${root}/$(cat /etc/machine-id)/*.journal`), apps: await sum(`${root}/*.journal`) };
}

/** An app that prints `lines` lines and ends. */
async function floodFromApp(name: string, lines: number): Promise<TrialContainer> {
  const flood = await startTrial(device, name, `${noise(lines)}; sleep 12; echo the-last-line-of-${name}`);
  expect((await trialEnd(device, flood)).status).toBe(0);
  await device.shell(settle);
  return flood;
}

/** Units of the system that each print `lines` lines: one alone is stopped by its rate limit. */
async function floodFromSystem(name: string, units: number, lines: number): Promise<void> {
  for (let unit = 0; unit < units; unit += 1)
    await device.shell(`systemd-run --quiet --wait --unit ${name}-${unit} sh -c '${noise(lines)}'`);
}

describe("the journal in memory", () => {
  it("shows what containers print, by their ids, among all that was logged", async () => {
    const web = (await appContainers(device)).get("web");
    const said = await startTrial(device, "says", "echo to-standard-output; echo to-standard-error >&2");
    await trialEnd(device, said);
    await device.shell(settle);
    const lines = (await device.shell(`journalctl -a -o json CONTAINER_ID_FULL=${said.id}`))
      .split("\n")
      .map((line): Record<string, string> => JSON.parse(line));
    expect(lines.map(({ MESSAGE, PRIORITY }) => `${MESSAGE} ${PRIORITY}`).sort()).toEqual([
      "to-standard-error 3",
      "to-standard-output 6",
    ]);
    expect(lines.map(({ _SYSTEMD_UNIT }) => _SYSTEMD_UNIT)).toEqual(["balena.service", "balena.service"]);
    expect(await device.shell(`docker logs ${said.name} 2>/dev/null`)).toBe("to-standard-output");
    expect(await device.shell(`journalctl -b CONTAINER_NAME=balena_supervisor -o cat | wc -l`)).not.toBe("0");
    expect(await device.shell("journalctl -b -u balena-supervisor -o cat")).toMatch(
      /^Supervisor \S+ listens on 48484$/m,
    );
    expect(web?.status).toBe("running");
    // What the engine itself says is the system's.
    expect(await device.shell("journalctl --namespace=apps -u balena -o cat --grep 'API listen' || true")).toBe("");
    expect(await device.shell("journalctl -u balena -o cat --grep 'API listen'")).toContain("API listen");
  });

  it("keeps what the system said when an app floods it, and the flood within its share", async () => {
    await device.shell("systemd-run --quiet --wait --unit says-once echo said-by-the-system-before-the-flood");
    const follow = "journalctl -f -o cat -n 0 CONTAINER_NAME=flood | tail -n 1 >/run/followed";
    await device.shell(`systemd-run --quiet --unit follows sh -c '${follow}'`);
    const flood = await floodFromApp("flood", 6000);
    const { system, apps } = await sizes("/run/log/journal");
    expect(apps).toBeGreaterThan(2 * MIB);
    expect(apps).toBeLessThanOrEqual(4 * MIB);
    expect(system).toBeLessThanOrEqual(4 * MIB);
    expect(await device.shell("journalctl -u says-once -o cat")).toContain("said-by-the-system-before-the-flood");
    // The newest lines are there, for every reader.
    const last = "the-last-line-of-flood";
    expect(await device.shell(`journalctl CONTAINER_ID_FULL=${flood.id} -o cat -n 1`)).toBe(last);
    expect(await device.shell(`docker logs --tail 1 ${flood.name}`)).toBe(last);
    await device.shell("pkill journalctl; systemctl stop follows 2>/dev/null || true");
    expect(await device.shell("cat /run/followed")).toBe(last);
    expect(await device.shell("ls -d /var/log/journal 2>&1 || true")).toContain("No such file");
  });

  it("stays within 4 MB of what the system says, too", async () => {
    await floodFromSystem("early", 4, 1500);
    const { system, apps } = await sizes("/run/log/journal");
    expect(system).toBeGreaterThan(2 * MIB);
    expect(system + apps).toBeLessThanOrEqual(8 * MIB);
    // Besides, there is what was logged before the machine's id was known.
    const all = Number(await device.shell("cat $(find /run/log/journal -name '*.journal*') | wc -c"));
    expect(all - system - apps).toBeLessThanOrEqual(1.5 * MIB);
    // And apps' lines outlive the system's flood.
    expect(await device.shell("docker logs --tail 1 flood")).toBe("the-last-line-of-flood");
  });

  it("shares a limit among containers, and lets them speak again soon after one exceeded it", async () => {
    // An emulated device prints too slowly for the product's limit.
    const limit = "/run/systemd/journald@apps.conf.d/test.conf";
    await device.shell(`mkdir -p $(dirname ${limit}) && printf '[Journal]\\nRateLimitBurst=100\\n' >${limit}`);
    await device.shell("systemctl restart systemd-journald@apps");
    const chatter = await startTrial(device, "chatters", "seq 3000; sleep 12; echo heard-again");
    expect((await trialEnd(device, chatter)).status).toBe(0);
    await device.shell(settle);
    expect(await device.shell("journalctl --namespace=apps -o cat --grep Suppressed | tail -n 1")).toMatch(
      /Suppressed \d+ messages from balena\.service/,
    );
    expect(await device.shell("docker logs --tail 1 chatters")).toBe("heard-again");
    await device.shell(`rm ${limit} && systemctl restart systemd-journald@apps`);
  });
});

describe("the journal on the data partition", () => {
  it("keeps 12 MB of the system and 20 MB of the apps", { timeout: minutes(8) }, async () => {
    // A stale journal of a forgotten machine id does not stay beside the limit.
    await device.shell("mkdir -p /mnt/data/root-overlay/var/log/journal/00000000000000000000000000000001");
    await device.shell("touch /run/holdfast/persistent-journal && systemctl start holdfast-persistent-journal");
    await device.shell("systemctl restart systemd-journald@apps");
    expect(await device.shell("ls /var/log/journal | grep -c ^0000 || true")).toBe("0");
    await floodFromSystem("late", 9, 1500);
    await floodFromApp("long-flood", 18_000);
    const { system, apps } = await sizes("/mnt/data/root-overlay/var/log/journal");
    expect(system).toBeGreaterThan(6 * MIB);
    expect(system).toBeLessThanOrEqual(12 * MIB);
    expect(apps).toBeGreaterThan(10 * MIB);
    expect(apps).toBeLessThanOrEqual(20 * MIB);
    expect(await device.shell("docker logs --tail 1 long-flood")).toBe("the-last-line-of-long-flood");
    expect(await device.shell("journalctl -u says-once -o cat | wc -l")).not.toBe("");
    await expect.poll(async () => await device.shell("systemctl --failed --no-legend"), patiently).toBe("");
  });
});
