import { minutes } from "@holdfast/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, untilFollowed, untilSays } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { BOOT_PATIENCE } from "./device/device-lab.ts";

const CONFIG = "/mnt/boot/config.json";
const LIMIT = 2 * BOOT_PATIENCE;
/** The rest of a boot, after ssh answers. */
const booting = { timeout: minutes(5), interval: 2_000 };
let device: Device;

beforeAll(async () => {
  device = await bootedDevice("e2e-config-boot");
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

const untilRunning = async (): Promise<void> => {
  const state = async (): Promise<string> => (await device.attempt("systemctl is-system-running")).stdout.trim();
  await expect.poll(state, booting).toBe("running");
};
const journalRoot = "findmnt --noheadings --output FSROOT /var/log/journal || true";

describe("config.json over reboots", () => {
  it("is restored when it was removed, and what counts at boot counts", { timeout: LIMIT }, async () => {
    await device.shell("docker volume create extra-firmware");
    await device.shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=private -keyout /dev/null -out /run/ca.pem -days 9",
    );
    await editConfig(
      device,
      `.hostname = "kept" | .persistentLogging = true | .country = "DE" | .ntpServers = "192.0.2.123" | .dnsServers = "192.0.2.53"
       | .os = { power: { mode: "low" }, fan: { profile: "cool" }, kernel: { extraFirmwareVol: "extra-firmware" },
                 udevRules: { "50-test": "KERNEL==\\"null\\", SYMLINK+=\\"config-test\\"" } }
       | .balenaRootCA = "${await device.shell("base64 -w0 /run/ca.pem")}"`,
    );
    await untilSays(device, "hostname", "kept");
    // So many keys at once start the engine and the supervisor anew, and announce every device to udev.
    await untilFollowed(device, booting);
    // Only a boot may start these.
    expect(await device.shell(journalRoot)).toBe("");
    expect(await device.shell("ls /run/holdfast/power-mode 2>&1 || true")).toContain("No such file");
    const before = await device.shell(`jq -S . ${CONFIG}`);
    await device.shell(`rm ${CONFIG} && sync`);
    await device.reboot();
    await untilRunning();
    expect(await device.shell(`jq -S . ${CONFIG}`)).toBe(before);
    expect(await device.shell("journalctl -b -o cat -u holdfast-render-config")).toContain(
      "config.json was lost: restored the last good copy",
    );
    expect(await device.shell("hostname; readlink -f /dev/config-test")).toBe("kept\n/dev/null");
    expect(await device.shell("cat /sys/module/firmware_class/parameters/path")).toContain("/extra-firmware/_data");
    expect(await device.shell("cat /run/dnsmasq.servers")).toBe("server=192.0.2.53");
    await untilSays(device, "chronyc -n sources | grep -c 192.0.2.123", "1");
    expect(await device.shell("journalctl -b -o cat -u os-power-mode -u os-fan-profile")).toMatch(
      /fan-profile cool: not supported[\s\S]*power-mode low: not supported|power-mode low: not supported[\s\S]*fan-profile cool: not supported/,
    );
    expect(await device.shell("findmnt --noheadings --output FSROOT /etc/ssl/certs")).toBe("/holdfast/certificates");
    const bundle = await device.shell(
      "openssl crl2pkcs7 -nocrl -certfile /etc/ssl/certs/ca-certificates.crt | openssl pkcs7 -print_certs -noout | grep -c '^subject=CN=private'",
    );
    expect(bundle).toBe("1");
    await device.shell("modprobe cfg80211");
    await untilSays(device, "iw reg get", /^country DE:/m);
  });

  it("keeps the journal on the data partition from then on", { timeout: LIMIT }, async () => {
    expect(await device.shell(journalRoot)).toBe("/root-overlay/var/log/journal");
    expect(await device.shell("stat -c '%a %G' /var/log/journal")).toBe("2755 systemd-journal");
    // A broken file, and a cut: the copy is followed, and the journal is still there.
    await device.shell("echo marked-before-the-cut | systemd-cat && journalctl --sync");
    await device.shell(`cp ${CONFIG} /mnt/state/mended.json; printf '{ "hostname": "broken' >${CONFIG}; sync`);
    await untilSays(device, "systemctl is-active config-json || true", "failed");
    await device.cutAndStart();
    await device.untilUp();
    expect(await device.shell("hostname")).toBe("kept");
    expect(await device.shell(`cat ${CONFIG}`)).toBe('{ "hostname": "broken');
    const said = await device.shell("journalctl -b -o cat -u holdfast-render-config");
    expect(said).toContain("nothing was changed: at its end: expected the end of the text");
    expect(said).toContain("following the last good config.json");
    expect(await device.shell("journalctl -b -1 -o cat --grep marked-before")).toContain("marked-before-the-cut");
  });

  it("keeps it in memory again from the boot after the key is gone", { timeout: LIMIT }, async () => {
    await device.shell(`jq 'del(.persistentLogging)' /mnt/state/mended.json >${CONFIG}`);
    await untilSays(device, "systemctl is-active config-json || true", "inactive");
    expect(await device.shell(journalRoot)).toBe("/root-overlay/var/log/journal");
    await device.reboot();
    await untilRunning();
    expect(await device.shell(journalRoot)).toBe("");
    expect(await device.shell("ls /run/log/journal")).toContain(await device.shell("cat /etc/machine-id"));
  });
});
