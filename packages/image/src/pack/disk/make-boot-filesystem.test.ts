import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contentOf } from "../../tree/entry.ts";
import type { ImageTools } from "../image-tools.ts";
import { type BootEntries, makeBootFilesystem } from "./make-boot-filesystem.ts";

let scratch = "";
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "holdfast-"));
});
afterEach(() => rm(scratch, { recursive: true }));

async function make(entries: BootEntries, size = 64 * 2 ** 20): Promise<string[]> {
  const commands: string[] = [];
  const tools: ImageTools = {
    run: async ([program, ...rest]) => {
      const files = program === "mcopy" ? rest.slice(2, -1) : [];
      const texts = await Promise.all(
        files.map(async (file) => `${await readFile(file, "utf8")}:${(await stat(file)).mode & 0o777}`),
      );
      commands.push(
        [program, ...(program === "mcopy" ? texts : []), ...(program === "mmd" ? rest.slice(2) : []), rest.at(-1)].join(
          " ",
        ),
      );
      return { stdout: "", stderr: "" };
    },
  };
  await makeBootFilesystem({
    entries,
    image: "/image",
    offset: 512,
    size,
    label: "resin-boot",
    serial: "01234567",
    tools,
    scratch,
  });
  return commands;
}

test("makes folders before what is in them and copies sorted, writable files, whatever order they came in", async () => {
  const entries: BootEntries = new Map([
    ["z", contentOf("z")],
    ["EFI/Linux/b", contentOf("b")],
    ["EFI/BOOT/a", contentOf("a")],
    ["a", contentOf("top")],
  ]);
  const mode = 0o644;
  expect(await make(entries)).toEqual([
    "mkfs.fat 65536",
    "mmd ::/EFI ::/EFI/BOOT ::/EFI/Linux ::/EFI/Linux",
    `mcopy top:${mode} z:${mode} ::/`,
    `mcopy a:${mode} ::/EFI/BOOT`,
    `mcopy b:${mode} ::/EFI/Linux`,
  ]);
  expect(await readdir(scratch)).toEqual([]);
});

test("refuses files that do not fit, and two names that FAT takes for one", async () => {
  const large = { kind: "range", file: "/dev/zero", offset: 0, size: 70 * 2 ** 20 } as const;
  await expect(make(new Map([["uki.efi", large]]))).rejects.toMatchObject({ code: "image.boot-too-large" });
  const twins = new Map([
    ["Config.json", contentOf("")],
    ["config.json", contentOf("")],
  ]);
  await expect(make(twins)).rejects.toThrow("Config.json and config.json are one name on FAT");
});
