import fc from "fast-check";
import { expect, it } from "vitest";
import { simulateMachine } from "../machine/simulated-machine.ts";
import { planSweep } from "./plan-sweep.ts";
import { sweepEngine } from "./sweep-engine.ts";

const id = (digit: string): string => digit.repeat(64);

it("sweeps what nothing names, with its init layer and its links", () => {
  const sweep = planSweep({
    directories: [id("a"), id("b"), id("c"), `${id("b")}-init`, `${id("c")}-init`, "buildkit0cache0name0here01"],
    referenced: new Set([id("a"), id("c"), `${id("c")}-init`]),
    links: new Map([
      ["AAA", id("a")],
      ["BBB", id("b")],
      ["CCC", ""],
    ]),
  });
  expect(sweep).toEqual({ directories: [id("b"), `${id("b")}-init`], links: ["BBB", "CCC"] });
});

it("never sweeps a directory that is named, nor one whose name is not a layer's", () => {
  const name = fc.oneof(fc.stringMatching(/^[0-9a-f]{64}(-init)?$/), fc.string({ maxLength: 30 }));
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (directories, referenced) => {
      const sweep = planSweep({
        directories: [...directories, ...referenced],
        referenced: new Set(referenced),
        links: new Map(),
      });
      for (const doomed of sweep.directories) {
        expect(referenced).not.toContain(doomed);
        expect(doomed).toMatch(/^[0-9a-f]{64}(-init)?$/);
      }
    }),
  );
});

it("reads the names from the store", () => {
  const machine = simulateMachine();
  const store = "/var/lib/docker";
  machine.put(`${store}/image/overlay2/layerdb/sha256/1/cache-id`, id("a"));
  machine.put(`${store}/image/overlay2/layerdb/mounts/2/mount-id`, id("b"));
  machine.put(`${store}/image/overlay2/layerdb/mounts/2/init-id`, `${id("b")}-init`);
  for (const name of [id("a"), id("b"), `${id("b")}-init`, id("d")])
    machine.put(`${store}/overlay2/${name}/diff/x`, "");
  expect(sweepEngine(machine)).toBe(0);
  expect(machine.commands).toEqual([`rm -rf ${store}/overlay2/${id("d")}`]);
});

it("removes nothing from a store without a layer database", () => {
  const machine = simulateMachine();
  machine.put(`/var/lib/docker/overlay2/${id("d")}/diff/x`, "");
  sweepEngine(machine);
  expect(machine.commands).toEqual([]);
});
