import { describe, expect, it } from "vitest";
import { type CommandHandler, PowerCut, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { copyAtBoot } from "./copy-connections.ts";
import { followConnections, lookAgain } from "./follow-connections.ts";

const FROM = "/mnt/boot/system-connections";
const TO = "/etc/NetworkManager/system-connections";
const keyfile = (id: string, more = ""): string => `[connection]\nid=${id}\ntype=ethernet\n${more}`;

function device(options: { readonly cutAfter?: number; readonly handler?: CommandHandler } = {}): SimulatedMachine {
  const { handler, ...cut } = options;
  const machine = simulateMachine(handler, cut);
  machine.put("/mnt/boot/config.json", "{}");
  machine.nodes.set("/mnt/boot/system-connections", { kind: "directory", mode: 0o700 });
  machine.nodes.set("/etc", { kind: "directory", mode: 0o755 });
  machine.put(`${TO}/.keep`, "");
  return machine;
}
const said = (machine: SimulatedMachine, text: string): boolean => machine.lines.some((line) => line.includes(text));
const modeOf = (machine: SimulatedMachine, path: string): number | undefined => {
  const node = machine.nodes.get(path);
  return node?.kind === "file" ? node.mode : undefined;
};

describe("before NetworkManager starts", () => {
  it("has copies that only root may read, whatever their names are", () => {
    const machine = device();
    const names = ["home", "my net.nmconnection", "-rf", "größe", "balena-sample.ignore"];
    for (const name of names) machine.put(`${FROM}/${name}`, keyfile(name.replace("-", "")));
    expect(copyAtBoot(machine)).toBe(0);
    for (const name of names) {
      expect(machine.readText(`${TO}/${name}`)).toBe(machine.readText(`${FROM}/${name}`));
      expect(modeOf(machine, `${TO}/${name}`)).toBe(0o600);
    }
    expect(machine.readText(`${TO}/.new`)).toBeUndefined();
  });

  it("writes nothing that is there already, and leaves what is gone from the boot partition", () => {
    const machine = device();
    machine.put(`${FROM}/home`, keyfile("home"));
    machine.put(`${TO}/removed`, keyfile("removed"));
    copyAtBoot(machine);
    machine.commands.length = 0;
    copyAtBoot(machine);
    expect(machine.commands.filter((line) => !line.startsWith("find "))).toEqual([]);
    expect(machine.readText(`${TO}/removed`)).toBe(keyfile("removed"));
  });

  it("says where a file is wrong and what it keeps instead, and copies the others", () => {
    const machine = device();
    machine.put(
      `${FROM}/a`,
      "[connection]\nid=a\ntype=wifi\n[wifi]\nssid=x\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=hunter2",
    );
    machine.put(`${FROM}/b`, new Uint8Array(4096));
    machine.put(`${FROM}/c`, new Uint8Array(300_000).fill(35));
    machine.nodes.set(`${FROM}/d`, { kind: "directory", mode: 0o700 });
    machine.put(`${FROM}/notes.txt.backup`, "x");
    machine.put(`${FROM}/z`, keyfile("z"));
    machine.put(`${TO}/a`, keyfile("a", "# the former one\n"));
    expect(copyAtBoot(machine)).toBe(0);
    expect(machine.readText(`${TO}/z`)).toBe(keyfile("z"));
    expect(machine.readText(`${TO}/a`)).toContain("the former one");
    expect(machine.lines.join("\n")).not.toContain("hunter");
    expect(said(machine, "system-connections/a: line 8: psk has 7 characters")).toBe(true);
    for (const name of [
      "b: empty",
      "c: unreadable or larger than 256 KiB",
      "d: a folder",
      "notes.txt.backup: NetworkManager passes",
    ])
      expect([name, said(machine, `system-connections/${name}`)]).toEqual([name, true]);
  });

  it("asks NetworkManager's library about a new file, and does not copy what that refuses", () => {
    const machine = device({
      handler: ([program], _, { input }) =>
        program === "sh" && input?.includes("id=odd")
          ? { status: 1, output: "Error: Error writing connection: bond.options: 'x' is no option\n" }
          : undefined,
    });
    machine.put(`${FROM}/odd`, keyfile("odd"));
    machine.put(`${FROM}/fine`, keyfile("fine"));
    copyAtBoot(machine);
    expect(machine.lines).toContain("system-connections/odd: NetworkManager refuses its bond.options: not copied");
    expect(machine.readText(`${TO}/odd`)).toBeUndefined();
    expect(machine.readText(`${TO}/fine`)).toBe(keyfile("fine"));
  });

  it("copies all the same when the library cannot be asked", () => {
    const machine = device({ handler: ([program]) => (program === "sh" ? { status: 127 } : undefined) });
    machine.put(`${FROM}/home`, keyfile("home"));
    copyAtBoot(machine);
    expect(machine.readText(`${TO}/home`)).toBe(keyfile("home"));
  });

  it("makes text of editors on other systems readable", () => {
    const machine = device();
    machine.put(`${FROM}/marked`, `\uFEFF${keyfile("marked")}`);
    machine.put("/mnt/boot/dispatcher.d/50-hook", "#!/bin/sh\r\necho a\r\n");
    machine.put("/mnt/boot/dispatcher.d/60-program", Uint8Array.from([0x7f, 0x45, 13, 10]));
    copyAtBoot(machine);
    expect(machine.readBytes(`${TO}/marked`, 0, 1)).toEqual(Uint8Array.from([0x5b]));
    expect(machine.readText("/etc/NetworkManager/dispatcher.d/50-hook")).toBe("#!/bin/sh\necho a\n");
    expect(modeOf(machine, "/etc/NetworkManager/dispatcher.d/50-hook")).toBe(0o755);
    expect(machine.readBytes("/etc/NetworkManager/dispatcher.d/60-program", 0, 9)).toHaveLength(4);
  });

  it("says that of two connections with one uuid only one counts", () => {
    const machine = device();
    const uuid = "uuid=01234567-89ab-4def-8123-456789abcdef\n";
    machine.put(`${FROM}/a`, keyfile("a", uuid));
    machine.put(`${FROM}/b`, keyfile("b", uuid.toUpperCase().replace("UUID", "uuid")));
    copyAtBoot(machine);
    expect(said(machine, "b: has the same uuid as a")).toBe(true);
  });

  it("never fills the state partition", () => {
    const machine = device();
    for (let index = 0; index < 12; index += 1)
      machine.put(`/mnt/boot/dispatcher.d/${index}`, new Uint8Array(1024 * 1024).fill(35));
    copyAtBoot(machine);
    expect(machine.list("/etc/NetworkManager/dispatcher.d")).toHaveLength(8);
    expect(said(machine, "more than 8 MiB in this folder: not copied")).toBe(true);
  });

  it("is tried again when the boot partition is not there", () => {
    expect(copyAtBoot(simulateMachine())).toBe(1);
  });

  it("copies the others when one cannot be written", () => {
    const machine = device({
      handler: ([program, path]) => ({ status: program === "sync" && path?.endsWith("/.new") && full() ? 1 : 0 }),
    });
    let calls = 0;
    const full = (): boolean => {
      calls += 1;
      return calls === 1;
    };
    machine.put(`${FROM}/a`, keyfile("a"));
    machine.put(`${FROM}/b`, keyfile("b"));
    expect(copyAtBoot(machine)).toBe(0);
    expect(said(machine, "a: cannot be copied")).toBe(true);
    expect(machine.readText(`${TO}/b`)).toBe(keyfile("b"));
  });

  it("leaves the former or the new copy when the power fails at any step, and the next boot completes it", () => {
    const [before, after] = [keyfile("home", "# before\n"), keyfile("home", "# after\n")];
    for (let cutAfter = 0; cutAfter < 40; cutAfter += 1) {
      const machine = device({ cutAfter });
      machine.put(`${FROM}/home`, after);
      machine.put(`${TO}/home`, before);
      try {
        copyAtBoot(machine);
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      expect([before, after]).toContain(machine.readText(`${TO}/home`));
      const next = device();
      for (const [path, node] of machine.nodes) next.nodes.set(path, node);
      expect(copyAtBoot(next)).toBe(0);
      expect(next.readText(`${TO}/home`)).toBe(after);
      // What a cut leaves beside it has a name that NetworkManager passes over.
      expect(next.list(TO)?.filter((name) => !name.startsWith("."))).toEqual(["home"]);
    }
  });
});

describe("while the device runs", () => {
  const running: CommandHandler = () => undefined;

  it("waits until nobody writes, copies, and has NetworkManager read anew", () => {
    const machine = device({ handler: running });
    copyAtBoot(machine);
    machine.commands.length = 0;
    const whole = keyfile("slow", "[ipv4]\nmethod=auto\n");
    machine.put(`${FROM}/slow`, whole.slice(0, 20));
    let naps = 0;
    const slow: SimulatedMachine = {
      ...machine,
      sleep: () => {
        naps += 1;
        if (naps < 4) machine.put(`${FROM}/slow`, whole.slice(0, 20 + 5 * naps));
        if (naps === 4) machine.put(`${FROM}/slow`, whole);
      },
    };
    expect(followConnections(slow)).toBe(0);
    expect(machine.readText(`${TO}/slow`)).toBe(whole);
    expect(machine.lines.filter((line) => line.includes("slow"))).toEqual(["system-connections/slow: copied"]);
    expect(machine.commands).toContain("nmcli connection reload");
  });

  it("is run again for a change that systemd did not tell of, and only then", () => {
    const machine = device({ handler: running });
    copyAtBoot(machine);
    machine.commands.length = 0;
    expect([lookAgain(machine), machine.commands]).toEqual([0, []]);
    machine.put(`${FROM}/late`, keyfile("late", "[ipv4]\nmethod=auto\n"));
    lookAgain(machine);
    expect(machine.commands).toEqual(["systemctl --no-block start holdfast-connections.service"]);
  });

  it("does nothing when nothing changed, and repeats no report", () => {
    const machine = device();
    machine.put(`${FROM}/bad`, "bad");
    copyAtBoot(machine);
    machine.commands.length = 0;
    machine.lines.length = 0;
    expect(followConnections(machine)).toBe(0);
    expect([machine.commands, machine.lines]).toEqual([[], []]);
  });

  it("does not bother NetworkManager with programs, samples that did not change, or while it is not there", () => {
    const machine = device({
      handler: ([program, verb]) => ({ status: program === "systemctl" && verb === "is-active" ? 3 : 0 }),
    });
    copyAtBoot(machine);
    machine.put("/mnt/boot/dispatcher.d/50-hook", "#!/bin/sh\n");
    machine.put(`${FROM}/home`, keyfile("home"));
    followConnections(machine);
    expect(machine.commands).not.toContain("nmcli connection reload");
    expect(machine.readText(`${TO}/home`)).toBe(keyfile("home"));
  });
});
