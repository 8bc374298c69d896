import { describe, expect, it } from "vitest";
import { type CommandHandler, type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import type { Report } from "./diagnose.ts";
import { doctorCommand } from "./doctor-command.ts";

const FOLDER = "/run/holdfast/doctor.abc123";
const NOW = Date.parse("2026-11-27T21:46:00Z");
const ADDRESSES = JSON.stringify([
  { ifname: "lo", flags: ["LOOPBACK", "UP", "LOWER_UP"], addr_info: [{ local: "127.0.0.1", scope: "host" }] },
  { ifname: "eth0", flags: ["UP", "LOWER_UP"], addr_info: [{ local: "10.0.2.15", scope: "global" }] },
]);
const ANSWERED = " 48 46 81 80 00 01 00 0d 00 00 00 00";
const unit = (name: string): string => `Id=${name}.service\nActiveState=active\nSubState=running\n`;
const UNITS = ["NetworkManager", "dnsmasq", "chrony", "balena", "balena-supervisor", "openvpn"].map(unit).join("\n");

/** What each probe says on a healthy managed device. */
const healthy: Readonly<Record<string, string>> = {
  units: UNITS,
  "failed-units": "",
  release: `${NOW / 1000 - 86_400}\n`,
  tracking: "CB00710F,203.0.113.15,3,1475497394.37,-0.000006,-0.0,0.0,3.2,0.0,0.1,0.0,0.0,64.2,Normal\n",
  sources: "^,*,203.0.113.15,2,6,377,12,0.0,0.0,0.0\n",
  "kernel-log": "",
  engine: '{"Version":"26.1.5"}',
  containers: '[{"Names":["/balena_supervisor"],"State":"running","Status":"Up 2 hours"}]',
  tunnel: "configured\nup\n",
  "tunnel-log": "",
  config: "123 45 /mnt/boot/config.json\n",
  addresses: ADDRESSES,
  "gateway-0": "answers\n",
  web: "HTTP/1.1 204 No Content\r\nDate: Fri, 27 Nov 2026 21:46:00 GMT\r\n\r\n",
  resolver: ANSWERED,
  "name-server-0": ANSWERED,
  "name-server-1": ANSWERED,
  lookup: "192.0.2.1 STREAM api.test\n",
  "room-boot": "4096 65000 50000 0 0\n",
  "room-state": "4096 30000 25000 32768 32000\n",
  "room-data": "4096 900000 500000 400000 390000\n",
  "read-boot": "",
  "read-data": "",
  ping: "OK",
  healthy: "OK",
  "app-state": '{"status":"success","appState":"applied"}',
};

/** The device: its shell starts what `probes` answers, and leaves the others hanging. */
function device(
  probes: Readonly<Record<string, string | { readonly status: number }>>,
  config = '{"apiKey":"hunter2"}',
): SimulatedMachine {
  const handler: CommandHandler = ([program, , script = ""], machine) => {
    if (program !== "sh") return undefined;
    for (const [, name = ""] of script.matchAll(/>"\$d\/([\w-]+)\.out"/g)) {
      const answer = probes[name];
      if (answer === undefined) continue;
      machine.put(`${FOLDER}/${name}.out`, typeof answer === "string" ? answer : "");
      machine.put(`${FOLDER}/${name}.status`, typeof answer === "string" ? "0\n" : `${answer.status}\n`);
    }
    return { output: `${FOLDER}\n` };
  };
  const machine = simulateMachine(handler);
  machine.setWallClock(NOW);
  const partitions = { boot: "vda1", rootA: "vda2", rootB: "vda3", state: "vda4", data: "vda5" };
  const files: Readonly<Record<string, string>> = {
    "/run/holdfast/boot.json": JSON.stringify({ disk: "vda", partitions }),
    "/run/holdfast/server": "https://api.test\n",
    "/run/holdfast/connectivity-check.json": '{"uri":"https://user:hunter2@api.test/check","response":""}',
    "/run/resolv.dnsmasq": "nameserver 10.0.2.3\n",
    "/run/dnsmasq.servers": "server=8.8.8.8\n",
    "/proc/net/route": "x\neth0\t00000000\t0202000A\t3\t0\t0\t0\t00000000\t0\t0\t0\n",
    "/proc/mounts": "a /mnt/boot vfat rw 0 0\nb /mnt/state ext4 rw 0 0\nc /mnt/data ext4 rw 0 0\n",
    "/proc/meminfo": "MemTotal:        1000000 kB\nMemAvailable:     700000 kB\n",
    "/proc/vmstat": "oom_kill 0\n",
    "/sys/class/net/eth0/device": "",
    "/mnt/boot/config.json": config,
  };
  for (const [path, text] of Object.entries(files)) machine.put(path, text);
  return machine;
}

function examine(machine: SimulatedMachine): {
  readonly status: number;
  readonly report: Report;
  readonly seconds: number;
} {
  const begin = machine.now();
  const status = doctorCommand(machine, ["--json"], false);
  const report = JSON.parse(machine.lines.at(-1) ?? "") as Report;
  return { status, report, seconds: (machine.now() - begin) / 1000 };
}
const troubled = (report: Report): Readonly<Record<string, string>> =>
  Object.fromEntries(report.findings.filter(({ level }) => level !== "ok").map(({ check, code }) => [check, code]));

describe("the command on the device", () => {
  it("finds a healthy device healthy, at once", () => {
    const { status, report, seconds } = examine(device(healthy));
    expect(troubled(report)).toEqual({});
    expect([status, seconds]).toEqual([0, 0]);
  });

  it("leaves nothing behind", () => {
    const machine = device(healthy);
    examine(machine);
    expect(machine.commands.at(-1)).toBe(`rm -rf ${FOLDER}`);
  });

  it.each(Object.keys(healthy))("ends in time and goes on when %s hangs, or fails", (name) => {
    const { [name]: _, ...others } = healthy;
    for (const probes of [others, { ...others, [name]: { status: 124 } }, { ...others, [name]: { status: 1 } }]) {
      const { report, seconds } = examine(device(probes));
      expect(seconds).toBeLessThan(15);
      expect(Object.keys(troubled(report)).length).toBeLessThanOrEqual(3);
      expect(report.findings).toHaveLength(26);
    }
  });

  it("ends in time when everything hangs, and says so of everything that it asked", () => {
    const { status, report, seconds } = examine(device({}));
    expect(seconds).toBeLessThan(15);
    expect(troubled(report)).toMatchObject({ "system.units": "doctor.unknown", "disk.reads": "disk.hangs" });
    expect(status).toBe(1);
  });

  it("works on a machine that is no device at all", () => {
    const { report } = examine(simulateMachine(([program]) => (program === "sh" ? { output: FOLDER } : { status: 1 })));
    expect(report.level).toBe("failure");
    expect(report.findings).toHaveLength(26);
  });

  it("tells no secret, neither in JSON nor in the table, and none to the list of processes but what curl has to ask", () => {
    const machine = device({ ...healthy, web: { status: 7 } }, '{"apiKey":"hunter2","hostname":"hunter2 !"}');
    expect(troubled(examine(machine).report)).toEqual({
      "config.file": "config.refused-keys",
      "network.web": "network.no-web",
    });
    doctorCommand(machine, [], true);
    expect(machine.lines.join("\n")).not.toContain("hunter2");
  });

  it("ends with status 1 for failures only, and is coloured on a terminal unless NO_COLOR says otherwise", () => {
    const machine = device({ ...healthy, "kernel-log": "I/O error, dev vda, sector 1" });
    expect(doctorCommand(machine, [], true)).toBe(0);
    expect(machine.lines.at(-1)).toContain("\u001b[33mwarning\u001b[0m");
    doctorCommand(machine, [], false);
    expect(machine.lines.at(-1)).not.toContain("\u001b");
    const plain = { ...machine, environment: () => "1" };
    doctorCommand(plain, [], true);
    expect(machine.lines.at(-1)).not.toContain("\u001b");
    expect(doctorCommand(device({ ...healthy, resolver: { status: 1 } }), [], false)).toBe(1);
  });

  it("shows how it is called when it is called otherwise", () => {
    const machine = device(healthy);
    expect(doctorCommand(machine, ["--help"], false)).toBe(2);
    expect(machine.lines.at(-1)).toContain("Usage: holdfast doctor [--json]");
  });

  it("cannot work without a place for its answers, and says so", () => {
    const machine = simulateMachine(() => ({ status: 1 }));
    expect(() => doctorCommand(machine, [], false)).toThrow("is this root?");
  });
});
