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

/**
 * The end-to-end suites of e2e/suites.json.
 * @throws `cli.nothing-ran` when that list and the files in e2e/ differ, so that no suite is left out silently
 */
export async function endToEndSuites(root: string): Promise<EndToEndSuite[]> {
  const directory = path.join(root, "e2e");
  const listed = z
    .record(z.string(), suiteSchema)
    .parse(JSON.parse(await readFile(path.join(directory, "suites.json"), "utf8")));
  const files = (await readdir(directory))
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));
  const lost = [
    ...files.filter((name) => listed[name] === undefined).map((name) => `${name} (not listed)`),
    ...Object.keys(listed)
      .filter((name) => !files.includes(name))
      .map((name) => `${name} (no file)`),
  ];
  if (lost.length > 0) {
    refuse("cli.nothing-ran", {
      message: `e2e/suites.json and the files e2e/*${SUFFIX} differ: ${lost.join(", ")}.`,
      hint: "List each suite in e2e/suites.json with its tier, measured minutes and limit.",
    });
  }
  return Object.entries(listed).map(([name, suite]) => ({ name, ...suite }));
}
