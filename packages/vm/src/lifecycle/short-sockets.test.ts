import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { socketDirectory } from "./short-sockets.ts";

it("keeps sockets beside the device where their paths fit", async () => {
  expect(await socketDirectory("/cache/vm/one")).toBe("/cache/vm/one");
});

it("moves them to a private, short directory otherwise, each device to its own", async () => {
  const temporary = await mkdtemp(join(tmpdir(), "hf-"));
  const long = `/cache/${"deep/".repeat(20)}vm`;
  const one = await socketDirectory(`${long}/one`, temporary);
  expect(one.startsWith(temporary)).toBe(true);
  expect(await socketDirectory(`${long}/one`, temporary)).toBe(one);
  expect(await socketDirectory(`${long}/two`, temporary)).not.toBe(one);
  await rm(temporary, { recursive: true });
});

it("refuses a directory that others can write to", async () => {
  const temporary = await mkdtemp(join(tmpdir(), "hf-"));
  const shared = join(temporary, `holdfast-vm-${userInfo().uid}`);
  await mkdir(shared);
  await chmod(shared, 0o777);
  await expect(socketDirectory(`/cache/${"deep/".repeat(20)}vm`, temporary)).rejects.toMatchObject({
    message: /open to others/,
  });
  await rm(temporary, { recursive: true });
});
