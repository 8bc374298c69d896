import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { ensureHostKeys, isWholeKey } from "./host-keys.ts";

const whole = `-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE${"A".repeat(300)}\n-----END OPENSSH PRIVATE KEY-----\n`;
const KEY = "/etc/ssh/hostkeys/ssh_host_ed25519_key";

it("knows a whole key from every cut of it", () => {
  expect(isWholeKey(whole)).toBe(true);
  for (let length = 0; length < whole.length - 1; length += 7) expect(isWholeKey(whole.slice(0, length))).toBe(false);
});

it("makes a key when there is none or half of one, and keeps a good one", () => {
  const machine = simulateMachine((argv, self) => {
    if (argv[0] !== "ssh-keygen") return undefined;
    self.put(`${KEY}.new`, whole);
    self.put(`${KEY}.new.pub`, "ssh-ed25519 AAAA");
    return undefined;
  });
  machine.put(KEY, whole.slice(0, 100));
  expect(ensureHostKeys(machine)).toBe(0);
  expect(machine.readText(KEY)).toBe(whole);
  machine.commands.length = 0;
  expect(ensureHostKeys(machine)).toBe(0);
  expect(machine.commands).toEqual([]);
});
