import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { watchDirectories } from "./watch-directories.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "watch-"));
  await mkdir(join(folder, "below"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it("returns once a change has settled, and not before", async () => {
  const stop = new AbortController();
  let ended = 0;
  const changed = watchDirectories([folder, join(folder, "below")], stop.signal).then(() => {
    ended = performance.now();
  });
  await sleep(50);
  expect(ended).toBe(0);
  let last = 0;
  for (const content of ["a", "b", "c"]) {
    last = performance.now();
    await writeFile(join(folder, "below/file"), content);
  }
  await changed;
  expect(ended - last).toBeGreaterThan(290);
});

it("ends with the signal, and says what it cannot watch", async () => {
  const stop = new AbortController();
  const changed = watchDirectories([folder], stop.signal);
  stop.abort(new Error("interrupted"));
  await expect(changed).rejects.toThrow("interrupted");
  await expect(watchDirectories([folder], stop.signal)).rejects.toThrow("interrupted");
  await expect(watchDirectories([join(folder, "none")], new AbortController().signal)).rejects.toMatchObject({
    code: "cli.invalid-input-file",
  });
});
