import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { recordingLog, scratchDirectory } from "../testing/scratch.ts";
import { IntentStore } from "./intent-store.ts";

it("keeps purges and stopped containers on the disk, and forgets a malformed file aloud", async () => {
  await using scratch = await scratchDirectory();
  const first = await IntentStore.open(scratch.path, recordingLog());
  first.purges.set(7, "uuid7");
  first.stopped.add("c1");
  await first.save();
  const second = await IntentStore.open(scratch.path, recordingLog());
  expect([[...second.purges], [...second.stopped]]).toEqual([[[7, "uuid7"]], ["c1"]]);
  await writeFile(join(scratch.path, "intents.json"), '{"version":2}');
  const log = recordingLog();
  const third = await IntentStore.open(scratch.path, log);
  expect([third.purges.size, third.stopped.size, log.lines.length]).toEqual([0, 0, 1]);
});
