import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { QuickJs } from "./host/quickjs.ts";

// The unit tests run the programs' logic under Node; QuickJS differs in what it lacks and in its bugs.
let js: QuickJs;

beforeAll(async () => {
  js = await QuickJs.prepare();
});

afterAll(async () => {
  await js[Symbol.asyncDispose]();
});

describe("host programs under the device's QuickJS", () => {
  it("each loads and ends by itself on a device that has nothing", () => {
    // find-root waits 30 s for a disk and watch-engine needs its unit: they have tests of their own.
    for (const name of js.programs.filter((program) => program !== "find-root")) {
      const { output } = js.device(`host ${name} || true`);
      expect(output, name).not.toMatch(/SyntaxError|ReferenceError|TypeError|not a function/);
    }
  });

  it("renders config.json, gives the device a uuid once, and survives a lost file", () => {
    const { status, output } = js.device(`
      echo '{"deviceType":"generic-amd64","developmentMode":true}' > /mnt/boot/config.json
      host render-config boot
      cp /mnt/boot/config.json /tmp/first.$$
      rm /mnt/boot/config.json
      host render-config boot
      cmp /tmp/first.$$ /mnt/boot/config.json; rm /tmp/first.$$
      cat /run/holdfast/development
      test "$(cat /proc/sys/kernel/hostname)" = "$(cat /mnt/state/root-overlay/etc/hostname)"
      stat -c %a /mnt/state/config.json`);
    expect(output).toMatch(/made this device's uuid: [0-9a-f]{32}/);
    expect(output).toContain("restored the last good copy");
    expect(output).toContain("SSHD_OPTS=-f /etc/ssh/sshd_config_development");
    expect(output).toMatch(/600\n/);
    expect(status).toBe(0);
  });

  it("makes a host key that ssh takes, again when it was cut", () => {
    const { status, output } = js.device(`
      mkdir /etc/ssh/hostkeys
      host ssh-keys
      head -c 40 /etc/ssh/hostkeys/ssh_host_ed25519_key > /etc/ssh/hostkeys/cut
      mv /etc/ssh/hostkeys/cut /etc/ssh/hostkeys/ssh_host_ed25519_key
      host ssh-keys
      ssh-keygen -y -f /etc/ssh/hostkeys/ssh_host_ed25519_key`);
    expect(output.match(/made the ssh host key/g)).toHaveLength(2);
    expect(output).toContain("ssh-ed25519 AAAA");
    expect(status).toBe(0);
  });

  it("starts in a few hundredths of a second", () => {
    const { output } = js.device(
      "host stop-apps; date +%s%N; for i in 1 2 3 4 5 6 7 8 9 10; do host mount-state; done; date +%s%N",
    );
    const [from = 0, to = 0] = output.trim().split("\n").map(Number);
    expect((to - from) / 10 / 1e6).toBeLessThan(100);
  });
});
