import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { writeVolatile } from "./volatile-file.ts";

it("replaces a file that only root may read, also over what a killed process left", async () => {
  await using scratch = await scratchDirectory();
  const path = join(scratch.path, "deep/file");
  await writeVolatile(path, "one");
  await writeFile(`${path}.new`, "half");
  await chmod(`${path}.new`, 0o644);
  await writeVolatile(path, "two");
  expect(await readFile(path, "utf8")).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(scratch.path, "deep"))).toEqual(["file"]);
});
