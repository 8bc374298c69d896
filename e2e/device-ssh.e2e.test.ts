import { sshOutput } from "@holdfast/vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootedDevice } from "./device/booted-device.ts";
import { editConfig, soon, untilFollowed } from "./device/config-editor.ts";
import type { Device } from "./device/device.ts";
import { FleetServer } from "./fleet/fleet-server.ts";
import { Neighbour } from "./neighbour/neighbour.ts";

const DEVICE = "192.0.2.1";
const KEYS = "/root/.ssh";
let device: Device;
let peer: Neighbour;

beforeAll(async () => {
  device = await bootedDevice("e2e-ssh");
  peer = await Neighbour.join(device, { name: "peer", address: "192.0.2.2/24", deviceAddress: `${DEVICE}/24` });
  await peer.run(["mkdir", "-p", KEYS]);
  for (const type of ["ed25519", "rsa"]) {
    await peer.run(["rm", "-f", `${KEYS}/${type}`, `${KEYS}/${type}.pub`]);
    await peer.run(["ssh-keygen", "-q", "-t", type, "-N", "", "-C", type, "-f", `${KEYS}/${type}`]);
  }
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
});

/** Logs in from the neighbour. */
const loginAs = async (user: string, ...options: readonly string[]) =>
  await peer.attempt([
    ...["ssh", "-p", "22222", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"],
    ...["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", ...options, `${user}@${DEVICE}`, "hostname"],
  ]);
const login = (...options: readonly string[]) => loginAs("root", ...options);
const withKey = (type: string): string[] => ["-i", `${KEYS}/${type}`];
const publicKey = async (type: string): Promise<string> => await peer.run(["cat", `${KEYS}/${type}.pub`]);
const status = async (...options: readonly string[]): Promise<number> => (await login(...options)).status;

describe("in development mode", () => {
  it("root logs in without a password while there are no keys", async () => {
    expect((await login()).stdout.trim()).toBe(await device.shell("hostname"));
  });

  it("the host keys are those on the state partition, of three types", async () => {
    await expect.poll(() => device.shell("ls /etc/ssh/hostkeys"), soon).toContain("ssh_host_rsa_key.pub");
    for (const type of ["ed25519", "ecdsa", "rsa"]) {
      const [, kind, key] = (await peer.run(["ssh-keyscan", "-p", "22222", "-t", type, DEVICE]))
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .flatMap((line) => line.split(" "));
      expect(await device.shell(`cat /mnt/state/root-overlay/etc/ssh/hostkeys/ssh_host_${type}_key.pub`)).toBe(
        `${kind} ${key}`,
      );
    }
  });

  it("given keys are the only way in, those of SHA-1 signatures too", async () => {
    await editConfig(device, `.os.sshKeys = ["${await publicKey("rsa")}"]`);
    await untilFollowed(device);
    await expect.poll(() => status(), soon).toBe(255);
    expect(await status(...withKey("rsa"))).toBe(0);
    expect(await status(...withKey("ed25519"))).toBe(255);
    expect(await status(...withKey("rsa"), "-o", "PubkeyAcceptedAlgorithms=ssh-rsa")).toBe(0);
  });
});

describe("in production", () => {
  it("keys of config.json and of the fleet open, and nothing else", async () => {
    await editConfig(device, ".developmentMode = false");
    await untilFollowed(device);
    expect(await status()).toBe(255);
    expect(await status(...withKey("rsa"))).toBe(0);
    await device.shell(`echo '${await publicKey("ed25519")}' >${KEYS}/authorized_keys_remote`);
    expect(await status(...withKey("ed25519"))).toBe(0);
    await editConfig(device, "del(.os.sshKeys)");
    await untilFollowed(device);
    await expect.poll(() => status(...withKey("rsa")), soon).toBe(255);
    await device.shell(`rm ${KEYS}/authorized_keys_remote`);
    expect(await status(...withKey("ed25519"))).toBe(255);
    await editConfig(device, ".developmentMode = true");
    await untilFollowed(device);
    await expect.poll(() => status(), soon).toBe(0);
  });

  it("the journal says who came in, and with which key", async () => {
    const lines = await device.shell("journalctl -o cat -t sshd-session");
    expect(lines).toMatch(/Accepted publickey for root from 192\.0\.2\.2 port \d+ ssh2: RSA SHA256:/);
  });
});

describe("the listening socket", () => {
  it("keeps a place for others when one holds all connections that it may", async () => {
    const hold = `for each in $(seq 24); do nc.openbsd -d ${DEVICE} 22222 >/dev/null & done; wait`;
    await peer.start("crowd", ["sh", "-c", hold]);
    const open = "systemctl list-units --plain --no-legend 'sshd@*' | grep -c 192.0.2.2";
    await expect.poll(async () => (await device.attempt(open)).stdout.trim(), soon).toBe("16");
    expect(await status()).toBe(255);
    expect(await sshOutput(device.lab.host, device.vm, "echo in")).toContain("in");
    await peer.stop("crowd", "SIGKILL");
    await expect.poll(() => status(), soon).toBe(0);
  });

  it("listens again after it failed", async () => {
    await device.shell(
      "mkdir -p /run/systemd/system/sshd.socket.d && printf '[Socket]\\nTriggerLimitIntervalSec=30s\\nTriggerLimitBurst=2\\n' >/run/systemd/system/sshd.socket.d/limit.conf && systemctl daemon-reload && systemctl restart sshd.socket",
    );
    await peer.attempt(["sh", "-c", `for each in 1 2 3 4 5 6; do nc.openbsd -z ${DEVICE} 22222; done`]);
    const state = async () => (await device.attempt("systemctl is-active sshd.socket")).stdout.trim();
    await expect.poll(state, { timeout: 20_000, interval: 200 }).toBe("failed");
    await device.shell("rm -r /run/systemd/system/sshd.socket.d && systemctl daemon-reload");
    await expect.poll(state, soon).toBe("active");
    await expect.poll(() => status(), soon).toBe(0);
  });
});

describe("the client on the device", () => {
  it("logs in elsewhere and remembers whom it met", async () => {
    await device.shell("rm -f /root/.ssh/known_hosts");
    const command = "ssh -p 22222 -o BatchMode=yes -o StrictHostKeyChecking=accept-new root@127.0.0.1 hostname";
    expect(await device.shell(command)).toBe(await device.shell("hostname"));
    const remembered = "ssh-keygen -F '[127.0.0.1]:22222' -f /mnt/state/root-overlay/root/.ssh/known_hosts";
    expect(await device.shell(remembered)).toContain("found: line 1");
  });
});

describe("users of the fleet server", () => {
  it("log in under their own names with the keys that it has of them, while the device is managed", async () => {
    const key = await publicKey("ed25519");
    const own = await device.shell("jq -r .deviceApiKey /mnt/boot/config.json");
    await using server = await FleetServer.start(({ url, headers }, response) => {
      const isAlice = url === "/auth/v1/public-keys/alice" && headers.authorization === `Bearer ${own}`;
      response.writeHead(isAlice ? 200 : 404).end(isAlice ? `${key}\n` : "");
    });
    const socket = async () => (await device.attempt("systemctl is-active holdfast-cloud-users.socket")).stdout.trim();
    expect(await socket()).toBe("inactive");
    await editConfig(device, `.apiEndpoint = "http://${server.host}"`);
    await expect.poll(socket, soon).toBe("active");
    expect((await loginAs("alice", ...withKey("ed25519"))).stdout.trim()).toBe(await device.shell("hostname"));
    expect((await loginAs("alice", ...withKey("rsa"))).status).toBe(255);
    expect((await loginAs("bob", ...withKey("ed25519"))).status).toBe(255);
    // To everybody but sshd there is no such user.
    expect((await device.attempt("getent passwd alice")).status).toBe(2);
    await editConfig(device, "del(.apiEndpoint)");
    await expect.poll(socket, soon).toBe("inactive");
    expect((await loginAs("alice", ...withKey("ed25519"))).status).toBe(255);
  });
});
