import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { cloudKeys } from "./cloud-keys.ts";
import { CLOUD_LOGIN } from "./cloud-login.ts";
import { answerUserQuery } from "./cloud-users.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop";

/** A device whose server answers with a status and a text. */
function device(answer: { text?: string; status?: number; ended?: number } = {}) {
  const asked: string[] = [];
  const machine = simulateMachine((argv, _, { input = "" }) => {
    if (argv[0] !== "curl") return undefined;
    asked.push(input);
    return { status: answer.ended ?? 0, output: `${answer.text ?? ""}\n${answer.status ?? 200} ` };
  });
  machine.put("/etc/passwd", "root:x:0:0::/root:/bin/bash\nsshd:x:118:65534::/run/sshd:/usr/sbin/nologin\n");
  machine.put("/proc/7/comm", "sshd-session\n");
  machine.put("/proc/8/comm", "getent\n");
  return { machine, asked };
}
const manage = (machine: SimulatedMachine): void =>
  machine.put(CLOUD_LOGIN, '{"endpoint":"https://api.example.com/","key":"of the device"}');

describe("keys of a user of the fleet server", () => {
  it("are asked for with the device's key, and printed", () => {
    const { machine, asked } = device({ text: `${KEY}\n` });
    manage(machine);
    expect(cloudKeys(machine, "g_alice")).toBe(0);
    expect(machine.lines).toEqual([KEY]);
    expect(asked[0]).toContain('url = "https://api.example.com/auth/v1/public-keys/g_alice"\n');
    expect(asked[0]).toContain('header = "Authorization: Bearer of the device"\n');
    expect(asked[0]).toContain('max-time = "10"\n');
  });

  it.each([
    ["a page of a portal", { text: "<html>\nssh-rsa in a sentence\n</html>" }],
    ["keys with options", { text: `command="reboot" ${KEY}` }],
    ["a refusal", { text: KEY, status: 404 }],
    ["no answer", { ended: 28 }],
  ])("are none in %s", (_, answer) => {
    const { machine } = device(answer);
    manage(machine);
    expect(cloudKeys(machine, "alice")).toBe(0);
    expect(machine.lines).toEqual([]);
  });

  it("are asked of nobody on a device without a server, and never for the device's own users", () => {
    const { machine, asked } = device({ text: KEY });
    cloudKeys(machine, "alice");
    manage(machine);
    for (const name of ["root", "sshd", "", "-x", "a/../b", "a b", "a?b", "a\nb", "x".repeat(65)])
      cloudKeys(machine, name);
    expect(asked).toEqual([]);
    expect(machine.lines).toEqual([]);
  });
});

describe("the look-up of users", () => {
  const request = (userName: unknown, method = "GetUserRecord", service = "io.holdfast.CloudUsers"): string =>
    JSON.stringify({ method: `io.systemd.UserDatabase.${method}`, parameters: { userName, service } });
  const isFound = (machine: SimulatedMachine, text: string, peer: string): boolean =>
    answerUserQuery(machine, text, peer).includes('"record"');

  it("tells sshd that a user of the server is root by another name", () => {
    const { machine } = device();
    manage(machine);
    expect(JSON.parse(answerUserQuery(machine, request("alice"), "3-7-0"))).toEqual({
      parameters: {
        record: {
          userName: "alice",
          service: "io.holdfast.CloudUsers",
          realName: "User of the fleet server",
          uid: 0,
          gid: 0,
          homeDirectory: "/root",
          shell: "/bin/bash",
        },
        incomplete: false,
      },
    });
  });

  it("knows nobody for anybody else, other questions, the device's own names, or without a server", () => {
    const { machine } = device();
    expect(isFound(machine, request("alice"), "3-7-0")).toBe(false);
    manage(machine);
    for (const peer of ["3-8-0", "3-7-1000", "3-9-0", "7", ""]) {
      expect(isFound(machine, request("alice"), peer), peer).toBe(false);
    }
    for (const text of [
      request("root"),
      request("sshd"),
      request("a b"),
      request(5),
      request("alice", "GetGroupRecord"),
      request("alice", "GetUserRecord", "io.systemd.DynamicUser"),
      '{"method":"io.systemd.UserDatabase.GetUserRecord","parameters":{"uid":0,"service":"io.holdfast.CloudUsers"}}',
    ]) {
      expect(isFound(machine, text, "3-7-0"), text).toBe(false);
    }
  });

  it("answers whatever it is asked", () => {
    const { machine } = device();
    manage(machine);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.string(), (text, peer) => {
        expect(JSON.parse(answerUserQuery(machine, text, peer))).toHaveProperty("parameters");
      }),
    );
  });
});
