import { expect, it } from "vitest";
import { bootAims, bootRows } from "./boot-report.ts";
import type { OurSystem, SystemFigures } from "./figures.ts";

const mib = (count: number): number => count * 1024 * 1024;
const times = { kernel: 5, initrd: 10, userspace: 40, kernelToEngine: 45 };
const ours: OurSystem = {
  firstBoot: times,
  laterBoot: { ...times, userspace: 30 },
  firstPing: 80,
  laterPing: 60,
  hostPrograms: new Map([
    ["mount-state", 0.4],
    ["find-root", 0.5],
  ]),
  memory: {
    used: mib(200),
    services: new Map([
      ["engine", mib(90)],
      ["tiny", 1000],
      ["NetworkManager", mib(12)],
    ]),
  },
};
const debian: SystemFigures = {
  firstBoot: times,
  laterBoot: times,
  memory: {
    used: mib(190),
    services: new Map([
      ["engine", mib(120)],
      ["cron", mib(1)],
    ]),
  },
};

const find = (rows: ReturnType<typeof bootRows>, name: string, metric: string) =>
  rows.find((row) => row.case === name && row.metric === metric);

it("puts both boots and the idle memory beside Debian's", () => {
  const rows = bootRows(ours, debian);
  expect(find(rows, "boot", "userspace")).toMatchObject({ ours: 30, peers: { debian: 40 } });
  expect(find(rows, "first-boot", "kernel-to-ping")).toMatchObject({ ours: 80, peers: {} });
  expect(find(rows, "idle", "processes-pss")).toMatchObject({ ours: mib(102) + 1000, peers: { debian: mib(121) } });
});

it("lists services by size, those of one side only as well, and no tiny ones", () => {
  const services = bootRows(ours, debian).filter(({ metric }) => metric === "pss");
  expect(services.map((row) => [row.case, row.ours, row.peers["debian"]])).toEqual([
    ["engine", mib(90), mib(120)],
    ["NetworkManager", mib(12), undefined],
    ["cron", 0, mib(1)],
  ]);
});

it("tells what host programs took of the boot, and what the services beside engine and supervisor hold", () => {
  const rows = bootRows(ours, debian);
  expect(find(rows, "boot", "host-programs-share")).toMatchObject({ unit: "%", ours: 2, peers: {} });
  const programs = rows.filter(({ metric }) => metric === "critical-path");
  expect(programs.map((row) => [row.case, row.ours])).toEqual([
    ["find-root", 0.5],
    ["mount-state", 0.4],
  ]);
  expect(find(rows, "idle", "host-services-pss")).toMatchObject({ ours: mib(12) + 1000 });
});

it("has an aim for each, that can be missed", () => {
  expect(bootAims(ours).map(({ value, limit, holds }) => [value, limit, holds])).toEqual([
    [2, 3, true],
    [mib(12) + 1000, 60e6, true],
  ]);
  const services = new Map([
    ...ours.memory.services,
    ["avahi-daemon", mib(50)],
    ["supervisor-container", mib(70)],
    ["balena-supervisor", mib(10)],
  ]);
  const worse = { ...ours, hostPrograms: new Map([["find-root", 1.4]]), memory: { used: 0, services } };
  expect(bootAims(worse).map(({ holds }) => holds)).toEqual([false, false]);
  expect(bootAims(worse)[1]?.value).toBe(mib(62) + 1000);
});

it("has neither row nor aim for what could not be measured", () => {
  const silent = { ...ours, hostPrograms: "the journal does not tell" };
  expect(find(bootRows(silent, debian), "boot", "host-programs-share")).toBeUndefined();
  expect(bootAims(silent)).toHaveLength(1);
});

it("stands alone when Debian could not be measured", () => {
  expect(bootRows(ours, undefined).every(({ peers }) => Object.keys(peers).length === 0)).toBe(true);
});
