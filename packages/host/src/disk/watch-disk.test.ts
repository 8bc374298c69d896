import { expect, it } from "vitest";
import { type SimulatedMachine, simulateMachine } from "../machine/simulated-machine.ts";
import { watchDisk } from "./watch-disk.ts";

/** A device whose disk answers as told: device and block -> whether it can be read. */
function device(canRead: (path: string, block: number) => boolean): SimulatedMachine {
  const machine = simulateMachine((argv) => {
    if (argv[0] !== "dd") return undefined;
    const value = (name: string): string =>
      argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    return { status: canRead(value("if"), Number(value("skip"))) ? 0 : 1 };
  });
  machine.put("/run/holdfast/boot.json", '{"disk":"vda","partitions":{"data":"vda5"}}');
  machine.put("/sys/class/block/vda5/size", "8000000\n");
  return machine;
}
const fed = ({ commands }: SimulatedMachine): number =>
  commands.filter((line) => line === "systemd-notify WATCHDOG=1").length;

it("feeds the watchdog while the disk answers, from another place each time", () => {
  const asked = new Set<number>();
  const machine = device((path, block) => path === "/dev/vda5" && asked.size < asked.add(block).size);
  watchDisk(machine, 50);
  expect(fed(machine)).toBe(50);
  expect(Math.max(...asked)).toBeLessThan(1_000_000);
  expect(machine.commands[0]).toBe("systemd-notify --ready");
});

it("takes a bad block for what it is", () => {
  const machine = device((path) => path === "/dev/vda");
  watchDisk(machine, 3);
  expect(fed(machine)).toBe(3);
});

it("leaves the watchdog unfed when the disk is gone, and says so once", () => {
  let gone = true;
  const machine = device(() => !gone);
  watchDisk(machine, 3);
  expect(fed(machine)).toBe(0);
  expect(machine.lines).toEqual(["/dev/vda cannot be read"]);
  gone = false;
  watchDisk(machine, 1);
  expect(fed(machine)).toBe(1);
});
