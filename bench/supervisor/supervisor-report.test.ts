import { expect, it } from "vitest";
import type { SupervisorFigures } from "./figures.ts";
import { supervisorAims, supervisorRows } from "./supervisor-report.ts";

const bare = { memory: { anon: 10e6, pss: 46e6 }, pingP99: 1 };
const good = {
  name: "local",
  idle: { anon: 20e6, pss: 60e6 },
  idleCpu: 0.1,
  updateAnon: 30e6,
  pingP99: 1.5,
  bare,
  groupPeak: 50e6,
};
const figures: SupervisorFigures = {
  cases: [good, { ...good, name: "polled", idle: { anon: 23e6, pss: 60e6 } }],
  start: { ours: 190, bare: 100 },
  crowds: [
    { services: 10, seconds: 0.5 },
    { services: 30, seconds: 1.1 },
    { services: 100, seconds: 1.2 },
  ],
  bundleBytes: 4e5,
  imageBytes: 7e6,
};

it("holds every aim against the worse of the cases", () => {
  const missed = supervisorAims(figures).filter(({ holds }) => !holds);
  expect(missed).toEqual([
    { aim: "idle anonymous memory: 22 MB", value: 23e6, limit: 22e6, holds: false },
    { aim: "one change of many services: twice the time of few", value: 2.4, limit: 2, holds: false },
  ]);
});

it("shows the metrics of the issue, beside the bare server's where it has them", () => {
  const rows = supervisorRows(figures);
  expect(rows.map(({ case: name, metric }) => `${name} ${metric}`)).toEqual(
    expect.arrayContaining([
      "local idle-anon-bytes",
      "polled ping-p99",
      "start start-to-ping",
      "100 services one-change",
    ]),
  );
  expect(rows.find(({ metric }) => metric === "start-to-ping")).toMatchObject({
    ours: 190,
    peers: { "bare-node": 100 },
  });
});
