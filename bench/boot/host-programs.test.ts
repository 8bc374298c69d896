import { expect, it } from "vitest";
import { parseHostPrograms } from "./host-programs.ts";

const disk = "[    6.354233] kernel:  vda: vda1 vda2 vda3 vda4 vda5";
const journal = [
  "[    6.104233] systemd[1]: Starting holdfast-find-root.service - Find and verify the root of this boot...",
  "[    6.204233] qjs[98]: rootA matches",
  "[    7.354233] systemd[1]: Finished holdfast-find-root.service - Find and verify the root of this boot.",
  disk,
].join("\n");
const property = (...programs: readonly (readonly [argv: string, start: number, exit: number])[]): string =>
  JSON.stringify({
    type: "a(sasbttttuii)",
    data: programs.map(([argv, start, exit]) => {
      const words = argv.split(" ");
      return [words[0], words, false, 1795e12 + start, start, exit === 0 ? 0 : 1795e12 + exit, exit, 512, 1, 0];
    }),
  });

it("adds up the host programs on the boot's critical path, those that have ended, and no other's programs", () => {
  const text = [
    journal,
    property(["/usr/bin/qjs --std -m /usr/lib/holdfast/sweep-engine.js", 20_000_000, 20_300_000]),
    property(["/usr/bin/unshare --mount /usr/bin/sh -c x", 20_300_000, 0]),
    property(["/usr/bin/sh -c qjs --std -m /usr/lib/holdfast/watch-engine.js $MAINPID &", 25_000_000, 25_050_000]),
    property(),
    property(["/usr/bin/qjs --std -m /usr/lib/holdfast/start-supervisor.js", 26_000_000, 0]),
    property(["/usr/bin/install -d /var/log/journal", 9_000_000, 9_500_000]),
  ].join("\n");
  const programs = parseHostPrograms(text);
  expect([...programs].map(([name, seconds]) => [name, seconds.toFixed(2)])).toEqual([
    ["find-root", "1.00"],
    ["sweep-engine", "0.30"],
    ["watch-engine", "0.05"],
  ]);
});

it("does not count what went before the disk was there, and counts all when it was there first", () => {
  const early = journal.replace(disk, "[    2.000000] kernel: nvme0n1: p1 p2 p3 p4 p5");
  expect(parseHostPrograms(early).get("find-root")).toBeCloseTo(1.25, 5);
});

it("says so when the journal has lost the initrd's part, rather than count it as nothing", () => {
  expect(() => parseHostPrograms(property())).toThrow(/does not tell when holdfast-find-root/);
  expect(() => parseHostPrograms(journal.replace(disk, ""))).toThrow(/does not tell when the boot disk/);
});
