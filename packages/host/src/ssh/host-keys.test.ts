import { describe, expect, it } from "vitest";
import { PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { ensureHostKeys, ensureQuickHostKeys, hostKeyFile, type KeyType } from "./host-keys.ts";
import { publicBlobOf } from "./private-key.ts";

const field = (content: string | Buffer): Buffer => {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const kinds = { ed25519: "ssh-ed25519", ecdsa: "ecdsa-sha2-nistp256", rsa: "ssh-rsa" };

/** A key pair in OpenSSH's form; the numbers in it are made up. */
function keyPair(type: KeyType, seed = 1): { readonly secret: string; readonly open: string } {
  const blob = Buffer.concat([field(kinds[type]), field(Buffer.alloc(32, seed))]);
  const secret = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), Buffer.from([0, 0, 0, 1])],
    ...[field(blob), field(Buffer.alloc(136, seed))],
  ]);
  const lines = secret.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    secret: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    open: `${kinds[type]} ${blob.toString("base64")}\n`,
  };
}

/** A device whose ssh-keygen makes the second key of each type. */
function device(options: { readonly cutAfter?: number; readonly broken?: KeyType } = {}): SimulatedMachine {
  return simulateMachine((argv, self) => {
    if (argv[0] !== "ssh-keygen") return undefined;
    const type = argv[3] as KeyType;
    if (type === options.broken) return { status: 1 };
    const file = argv.at(-1) ?? "";
    self.put(file, keyPair(type, 2).secret);
    self.put(`${file}.pub`, keyPair(type, 2).open);
    return undefined;
  }, options);
}

function give(
  machine: SimulatedMachine,
  type: KeyType,
  secret = keyPair(type).secret,
  open = keyPair(type).open,
): void {
  machine.put(hostKeyFile(type), secret);
  machine.put(`${hostKeyFile(type)}.pub`, open);
}
const made = (machine: SimulatedMachine): string[] => machine.lines.map((line) => line.split(" ")[2] ?? "");

describe("a private key", () => {
  const { secret } = keyPair("ed25519");

  it("is known from every cut of it, and from noughts", () => {
    expect(publicBlobOf(secret)).toBeDefined();
    for (let length = 0; length < secret.length - 1; length += 1)
      expect(publicBlobOf(secret.slice(0, length))).toBeUndefined();
    for (let at = 40; at < secret.length; at += 1) {
      const holed = secret.slice(0, at) + "\0".repeat(secret.length - at);
      expect(publicBlobOf(holed)).toBeUndefined();
    }
  });

  it("lacks no line", () => {
    const lines = secret.split("\n");
    for (const [at] of lines.slice(0, -1).entries())
      expect(publicBlobOf(lines.filter((_, index) => index !== at).join("\n"))).toBeUndefined();
  });
});

describe("host keys", () => {
  it("are made at the first boot, and kept at the next one", () => {
    const machine = device();
    expect(ensureQuickHostKeys(machine)).toBe(0);
    expect(ensureHostKeys(machine, ["rsa"])).toBe(0);
    expect(made(machine)).toEqual(["ed25519", "ecdsa", "rsa"]);
    machine.commands.length = 0;
    ensureQuickHostKeys(machine);
    expect(machine.commands).toEqual([]);
  });

  it.each([
    ["cut", keyPair("ed25519").secret.slice(0, 100), keyPair("ed25519").open],
    ["of another type", keyPair("rsa").secret, keyPair("rsa").open],
    ["beside another's public half", keyPair("ed25519").secret, keyPair("ed25519", 7).open],
    ["without its public half", keyPair("ed25519").secret, ""],
  ])("are made anew when one is %s, the others stay", (_, secret, open) => {
    const machine = device();
    give(machine, "ed25519", secret, open);
    give(machine, "ecdsa");
    ensureQuickHostKeys(machine);
    expect(made(machine)).toEqual(["ed25519"]);
    expect(machine.readText(hostKeyFile("ecdsa"))).toBe(keyPair("ecdsa").secret);
  });

  it("do not wait for each other: one that cannot be made leaves the rest", () => {
    const machine = device({ broken: "ed25519" });
    expect(ensureQuickHostKeys(machine)).toBe(1);
    expect(made(machine)).toEqual(["ecdsa"]);
  });

  it("of RSA are put away when damaged, and made later", () => {
    const machine = device();
    give(machine, "ed25519");
    give(machine, "ecdsa");
    give(machine, "rsa", keyPair("rsa").secret.slice(0, 99));
    ensureQuickHostKeys(machine);
    expect(machine.readText(hostKeyFile("rsa"))).toBeUndefined();
    expect(ensureHostKeys(machine, ["rsa"])).toBe(0);
    expect(machine.readText(hostKeyFile("rsa"))).toBe(keyPair("rsa", 2).secret);
  });

  it("are whole after the next boot, wherever the power fails", () => {
    for (let cutAfter = 0; cutAfter < 20; cutAfter += 1) {
      const machine = device({ cutAfter });
      try {
        ensureQuickHostKeys(machine);
      } catch (error) {
        expect(error).toBeInstanceOf(PowerCut);
      }
      const next = device();
      for (const [path, node] of machine.nodes) next.nodes.set(path, node);
      expect(ensureQuickHostKeys(next)).toBe(0);
      for (const type of ["ed25519", "ecdsa"] as const) {
        expect(publicBlobOf(next.readText(hostKeyFile(type)) ?? "")).toBeDefined();
        expect(next.readText(`${hostKeyFile(type)}.pub`)).toBe(keyPair(type, 2).open);
      }
    }
  });
});
