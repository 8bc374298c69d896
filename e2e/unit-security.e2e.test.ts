import { join } from "node:path";
import { cacheRoot, findMirror, toolsTree } from "@holdfast/image";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceLab } from "./device/device-lab.ts";
import { exposedServices } from "./units/exposed-services.ts";
import { type Exposure, SlotUnits } from "./units/slot-units.ts";

/** systemd's words up to "medium". */
const GOOD = ["perfect", "safe", "ok", "medium"];
/** Units of packages that the image holds none of the programs of, or that wait for an instance that is a real mount. */
const NOT_OURS = [
  / is masked\.$/,
  /^systemd-(growfs|pcrfs)@test_instance\.service: .*Unit test_instance\.mount not found/,
  // Specifiers stand for the machine, and there is none.
  /systemd-journald@\.service:\d+: Failed to resolve unit specifiers in "journal\/%m\.%i", ignoring/,
];
let units: SlotUnits;

beforeAll(async () => {
  const { image } = await deviceLab();
  const tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
  units = await SlotUnits.unpack(tools, join(image.slot.folder, "slot.img"));
});
afterAll(async () => {
  await units?.[Symbol.asyncDispose]();
});

/** Of the services that this image has. */
async function exposures(): Promise<Map<string, Exposure>> {
  const names = new Set(await units.names());
  const found = new Map<string, Exposure>();
  for (const { unit } of exposedServices) {
    if (names.has(unit.replace(/@[^.]*/, "@"))) found.set(unit, await units.exposureOf(unit));
  }
  return found;
}

describe("the units of the image", () => {
  it("are sound: systemd reads each, finds its programs, and no order goes in circles", async () => {
    const instances: Record<string, string> = { "sshd@.service": "sshd@x.service" };
    const names = (await units.names()).map((name) => instances[name] ?? name);
    const said = await units.complaints([...names, "systemd-journald@apps.service"]);
    expect(said.filter((line) => !NOT_OURS.some((known) => known.test(line)))).toEqual([]);
  });

  it("confine every service that the network reaches, at medium or better, unless a reason says why not", async () => {
    const found = await exposures();
    const confined = exposedServices.filter(({ unit, unconfined }) => found.has(unit) && unconfined === undefined);
    expect(confined.length).toBeGreaterThanOrEqual(9);
    const levels = confined.map(({ unit }) => `${unit} ${found.get(unit)?.level}`);
    expect(levels.filter((line) => !GOOD.some((good) => line.endsWith(` ${good}`)))).toEqual([]);
  });

  it("are as the documentation says", async () => {
    const found = await exposures();
    const rows = exposedServices.flatMap(({ unit, reads, unconfined }) => {
      const exposure = found.get(unit);
      if (exposure === undefined) return [];
      return [`| \`${unit}\` | ${reads} | ${exposure.figure.toFixed(1)} ${exposure.level} | ${unconfined ?? ""} |`];
    });
    const text = [
      "<!-- Written by e2e/unit-security.e2e.test.ts. After a change: vitest run --config e2e/vitest.config.ts unit-security --update -->",
      "# Services that the network reaches",
      "",
      "What `systemd-analyze security` says of each, out of ten: less is better, and medium ends at 7.5.",
      "",
      "| unit | reads | exposure | why it is not confined |",
      "|---|---|---|---|",
      ...rows,
      "",
    ].join("\n");
    await expect(text).toMatchFileSnapshot("../docs/unit-exposure.md");
  });
});
