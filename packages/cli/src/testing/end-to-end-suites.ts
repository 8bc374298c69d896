import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { refuse } from "@holdfast/contracts";
import { z } from "zod";

const suiteSchema = z.strictObject({
  /** `core` runs in every `holdfast test`, `full` only in `test full` and by name. */
  tier: z.enum(["core", "full"]),
  /** Measured with a warm cache on two cores without KVM. */
  minutes: z.number().positive(),
  /** The runner stops it after this long. */
  limitMinutes: z.number().positive(),
  about: z.string().min(10),
});

export type EndToEndSuite = z.output<typeof suiteSchema> & { readonly name: string };

const SUFFIX = ".e2e.test.ts";

/** The list e2e/suites.json, in its order, which is the order in which they run. */
export async function readEndToEndSuites(root: string): Promise<EndToEndSuite[]> {
  const text = await readFile(path.join(root, "e2e/suites.json"), "utf8");
  const listed = z.record(z.string(), suiteSchema).parse(JSON.parse(text));
  return Object.entries(listed).map(([name, suite]) => ({ name, ...suite }));
}

/**
 * The end-to-end suites of this checkout.
 * @throws `cli.nothing-ran` when the list and the files in e2e/ differ, so that no suite is left out silently
 */
export async function endToEndSuites(root: string): Promise<EndToEndSuite[]> {
  const listed = await readEndToEndSuites(root);
  const files = (await readdir(path.join(root, "e2e")))
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
  const names = listed.map(({ name }) => name);
  const lost = [
    ...files.filter((name) => !names.includes(name)).map((name) => `${name} (not listed)`),
    ...names.filter((name) => !files.includes(name)).map((name) => `${name} (no file)`),
  ];
  if (lost.length > 0) {
    refuse("cli.nothing-ran", {
      message: `e2e/suites.json and the files e2e/*${SUFFIX} differ: ${lost.join(", ")}.`,
      hint: "List each suite in e2e/suites.json with its tier, measured minutes and limit.",
    });
  }
  return listed;
}
