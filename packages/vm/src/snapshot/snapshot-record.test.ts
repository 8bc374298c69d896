import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listSnapshots } from "./snapshot-record.ts";

it("lists the snapshots, the newest first, and none that is being made", async () => {
  const home = await mkdtemp(join(tmpdir(), "holdfast-snapshots-"));
  try {
    expect(await listSnapshots(home)).toEqual([]);
    for (const [name, madeAt] of [
      ["old", 1_000],
      ["new", 3_000],
      ["between", 2_000],
      ["unfinished.4711", 4_000],
    ] as const) {
      const directory = join(home, ".snapshots", name);
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "snapshot.json"), "{}");
      await utimes(join(directory, "snapshot.json"), madeAt, madeAt);
    }
    expect(await listSnapshots(home)).toEqual(["new", "between", "old"]);
  } finally {
    await rm(home, { recursive: true });
  }
});
