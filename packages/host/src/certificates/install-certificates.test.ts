import { expect, it } from "vitest";
import { ROOT_CERTIFICATES } from "../config/areas/root-certificates.ts";
import { type CommandHandler, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { installCertificates } from "./install-certificates.ts";

const OURS = "/run/holdfast/certificates";
const MOUNTED = "30 1 0:20 /holdfast/certificates /etc/ssl/certs rw - tmpfs tmpfs rw\n";
const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

/** openssl takes what does not say "bad"; mounts are one line; removal is removal. */
const handler: CommandHandler = (argv, machine, { input = "" }) => {
  if (argv[0] === "openssl") return input.includes("bad") ? { status: 1 } : { output: "aabbccdd\n" };
  if (argv[0] === "unshare") machine.put(`${argv.at(-1)}/ca-certificates.crt`, "public\n");
  if (argv[0] === "mount") machine.put("/proc/self/mountinfo", MOUNTED);
  if (argv[0] === "umount") machine.put("/proc/self/mountinfo", "");
  if (argv[0] === "rm")
    for (const path of [...machine.nodes.keys()].filter((each) => `${each}/`.startsWith(`${argv.at(-1)}/`)))
      machine.nodes.delete(path);
  return undefined;
};

function device(certificates: string | undefined): SimulatedMachine {
  const machine = simulateMachine(handler);
  machine.put("/run/holdfast/boot.json", "");
  if (certificates !== undefined) machine.put(ROOT_CERTIFICATES, certificates);
  return machine;
}

it("adds each certificate to the bundle and to the links by hash", () => {
  const machine = device(pem("one") + pem("two"));
  expect(installCertificates(machine)).toBe(0);
  expect(machine.readText(`${OURS}/ca-certificates.crt`)).toBe(`public\n${pem("one")}${pem("two")}`);
  expect(machine.readText(`${OURS}/aabbccdd.1`)).toBe(pem("two"));
  expect(machine.commands.at(-1)).toBe(`mount --bind ${OURS} /etc/ssl/certs`);
});

it("replaces and removes them", () => {
  const machine = device(pem("one"));
  installCertificates(machine);
  machine.put(ROOT_CERTIFICATES, pem("other"));
  expect(installCertificates(machine)).toBe(0);
  expect(machine.readText(`${OURS}/ca-certificates.crt`)).toBe(`public\n${pem("other")}`);
  machine.remove(ROOT_CERTIFICATES);
  expect(installCertificates(machine)).toBe(0);
  expect(machine.readText("/proc/self/mountinfo")).toBe("");
  expect(machine.kindOf(OURS)).toBeUndefined();
});

it("changes nothing when openssl does not take one, and does nothing on a device without any", () => {
  const machine = device(pem("one"));
  installCertificates(machine);
  machine.put(ROOT_CERTIFICATES, pem("one") + pem("bad"));
  expect(installCertificates(machine)).toBe(1);
  expect(machine.readText(`${OURS}/ca-certificates.crt`)).toBe(`public\n${pem("one")}`);
  expect(machine.readText("/proc/self/mountinfo")).toBe(MOUNTED);
  const bare = device(undefined);
  expect([installCertificates(bare), bare.commands]).toEqual([0, []]);
});
