import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sumMinutes } from "../docs/render-suite-table.ts";
import { repositoryRoot } from "../repository-root.ts";
import { endToEndSuites, readEndToEndSuites } from "./end-to-end-suites.ts";

const suite = { tier: "core", minutes: 1, limitMinutes: 5, about: "something that is shown" };
let root = "";
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), "holdfast-e2e-"));
  await mkdir(path.join(root, "e2e"));
});
afterEach(() => rm(root, { recursive: true }));

async function repository(listed: object, ...files: string[]): Promise<void> {
  await writeFile(path.join(root, "e2e/suites.json"), JSON.stringify(listed));
  for (const file of files) await writeFile(path.join(root, "e2e", file), "");
}

it("reads the list in its order", async () => {
  await repository({ boot: suite, app: suite }, "app.e2e.test.ts", "boot.e2e.test.ts", "lab.ts");
  expect((await endToEndSuites(root)).map(({ name }) => name)).toEqual(["boot", "app"]);
});

it("refuses a suite that is not listed and one that has no file", async () => {
  await repository({ gone: suite }, "new.e2e.test.ts");
  await expect(endToEndSuites(root)).rejects.toThrow(/new \(not listed\), gone \(no file\)/);
});

it("keeps the suites of every test run within three quarters of an hour", async () => {
  const core = (await readEndToEndSuites(repositoryRoot)).filter(({ tier }) => tier === "core");
  expect(sumMinutes(core)).toBeLessThanOrEqual(45);
});
