import { expect, it } from "vitest";
import { type CommandHandler, simulateMachine } from "../machine/simulated-machine.ts";
import { mountPersistentPaths } from "./mount-state.ts";
import { bindTable, STATE_PATHS } from "./state-paths.ts";

const path = (name: string, more: object = {}) => ({
  path: name,
  mode: "0755",
  uid: 0,
  gid: 0,
  partition: "state" as const,
  seed: false,
  ...more,
});

const cp: CommandHandler = (argv, machine) => {
  if (argv[0] === "cp") machine.put(`${argv[3]}/seeded`, "from the image");
  return undefined;
};

it("makes, seeds, owns and binds the paths of one partition", () => {
  const machine = simulateMachine(cp);
  machine.put(
    STATE_PATHS,
    JSON.stringify([
      path("/etc/docker"),
      path("/etc/rules.d", { seed: true }),
      path("/var/lib/chrony", { mode: "0750", uid: 101, gid: 102 }),
      path("/var/log/journal", { partition: "data" }),
    ]),
  );
  machine.put("/etc/rules.d/a", "");
  expect(mountPersistentPaths(machine, "state")).toBe(0);
  expect(machine.commands).toContain("chown 101:102 /mnt/state/root-overlay/var/lib/chrony.new");
  expect(machine.readText("/mnt/state/root-overlay/etc/rules.d/seeded")).toBe("from the image");
  expect(machine.kindOf("/var/lib/chrony")).toBe("directory");
  expect(machine.readText("/run/holdfast/state.fstab")).toBe(
    "/mnt/state/root-overlay/etc/docker /etc/docker none bind 0 0\n" +
      "/mnt/state/root-overlay/etc/rules.d /etc/rules.d none bind 0 0\n" +
      "/mnt/state/root-overlay/var/lib/chrony /var/lib/chrony none bind 0 0\n",
  );
  machine.commands.length = 0;
  mountPersistentPaths(machine, "state");
  expect(machine.commands).toEqual(["mount --all --fstab /run/holdfast/state.fstab"]);
});

it("keeps in memory what a full or broken partition does not let it bind, and goes on", () => {
  const machine = simulateMachine((argv, self) => {
    if (argv[0] === "chown") throw new Error("No space left on device");
    if (argv[1] !== "--all") return undefined;
    self.put("/proc/self/mountinfo", "70 1 254:4 /root-overlay/etc/docker /etc/docker rw - ext4 /dev/vda4 rw\n");
    return { status: 32 };
  });
  const chrony = path("/var/lib/chrony", { mode: "0750", uid: 101, gid: 102 });
  machine.put(STATE_PATHS, JSON.stringify([path("/etc/docker"), path("/etc/openvpn"), chrony]));
  expect(mountPersistentPaths(machine, "state")).toBe(0);
  const memory = "mount -t tmpfs -o size=8M,nr_inodes=4k";
  expect(machine.commands.filter((line) => line.startsWith(memory))).toEqual([
    `${memory},mode=0755,uid=0,gid=0,nosuid,nodev tmpfs /etc/openvpn`,
    `${memory},mode=0750,uid=101,gid=102,nosuid,nodev tmpfs /var/lib/chrony`,
  ]);
  expect(machine.lines.join("\n")).toContain("/etc/openvpn cannot be bound");
  expect(machine.kindOf("/mnt/state/root-overlay/var/lib/chrony")).toBeUndefined();
});

it("escapes blanks as fstab wants them", () => {
  expect(bindTable([path("/etc/a b")])).toBe("/mnt/state/root-overlay/etc/a\\040b /etc/a\\040b none bind 0 0\n");
});
