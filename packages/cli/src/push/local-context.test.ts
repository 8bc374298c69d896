import { appendFile, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHUNK_BYTES, contextEntry } from "@holdfast/contracts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readLocalChunk, readLocalContext } from "./local-context.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-context-"));
  await mkdir(join(folder, "src"));
  await writeFile(join(folder, "Dockerfile"), "FROM scratch\n");
  await writeFile(join(folder, "src/a"), Buffer.alloc(2 * CHUNK_BYTES + 5, "a"));
  await writeFile(join(folder, "empty"), "");
  await symlink("src/a", join(folder, "link"));
  await utimes(join(folder, "empty"), 7, 7.9);
});
afterEach(() => rm(folder, { recursive: true }));

it("lists what a device takes, sorted, with equal pieces once", async () => {
  const { entries, chunks, bytes } = await readLocalContext(folder, "Dockerfile");
  expect(entries.map((entry) => contextEntry.parse(entry).path)).toEqual([
    "Dockerfile",
    "empty",
    "link",
    "src",
    "src/a",
  ]);
  expect(entries[1]).toMatchObject({ type: "file", mode: 0o644, mtime: 7, size: 0, chunks: [] });
  expect(bytes).toBe(2 * CHUNK_BYTES + 5 + "FROM scratch\n".length);
  expect([...chunks.values()].map(({ size }) => size).sort()).toEqual([CHUNK_BYTES, "FROM scratch\n".length, 5].sort());
});

it("gives a piece as it was announced, or says that its file changed", async () => {
  const { chunks } = await readLocalContext(folder, "Dockerfile");
  const [[digest, chunk] = ["", undefined]] = chunks;
  if (chunk === undefined) throw new Error("the context has pieces");
  expect((await readLocalChunk(digest, chunk)).toString()).toBe("FROM scratch\n");
  await appendFile(chunk.file, "more");
  expect((await readLocalChunk(digest, chunk)).toString()).toBe("FROM scratch\n");
  for (const content of ["FROM elsewhe\n", "short"]) {
    await writeFile(chunk.file, content);
    await expect(readLocalChunk(digest, chunk)).rejects.toMatchObject({ code: "cli.invalid-input-file" });
  }
});
