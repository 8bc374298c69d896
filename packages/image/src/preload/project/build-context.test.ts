import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTarHeaders } from "../../deb/tar-headers.ts";
import { blocksOf } from "../../pack/archive/stream-contents.ts";
import { type BuildContext, buildContext } from "./build-context.ts";
import { compileIgnore } from "./ignore-patterns.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "context-"));
  await mkdir(join(folder, "src/deep"), { recursive: true });
  for (const name of ["Dockerfile", "src/a.txt", "src/deep/b.log", "run.sh"]) await writeFile(join(folder, name), name);
  await chmod(join(folder, "run.sh"), 0o700);
  await symlink("src/a.txt", join(folder, "link"));
});
afterEach(() => rm(folder, { recursive: true }));

async function members(context: BuildContext) {
  const tar = `${folder}.tar`;
  await writeFile(tar, Buffer.concat([...blocksOf(context.parts)]));
  const found = readTarHeaders(tar).map(({ path, mode, type }) => `${path} ${type} ${mode.toString(8)}`);
  await rm(tar);
  return found;
}

describe("buildContext", () => {
  it("does not depend on umask, times or the directory's place", async () => {
    const before = await buildContext(folder, "Dockerfile", 1000);
    await chmod(join(folder, "src/a.txt"), 0o600);
    await chmod(join(folder, "src"), 0o700);
    await utimes(join(folder, "run.sh"), 5, 5);
    expect((await buildContext(folder, "Dockerfile", 1000)).hash).toBe(before.hash);
    expect(await members(before)).toEqual([
      "Dockerfile file 644",
      "link symlink 777",
      "run.sh file 755",
      "src directory 755",
      "src/a.txt file 644",
      "src/deep directory 755",
      "src/deep/b.log file 644",
    ]);
  });

  it("changes with a file's content, name or executable bit", async () => {
    const { hash } = await buildContext(folder, "Dockerfile", 1000);
    await chmod(join(folder, "src/a.txt"), 0o755);
    expect((await buildContext(folder, "Dockerfile", 1000)).hash).not.toBe(hash);
  });

  it("leaves out what .dockerignore says, but never the Dockerfile", async () => {
    await writeFile(join(folder, ".dockerignore"), "*\n!src\nsrc/**/*.log\n");
    expect(await members(await buildContext(folder, "Dockerfile", 1000))).toEqual([
      ".dockerignore file 644",
      "Dockerfile file 644",
      "src directory 755",
      "src/a.txt file 644",
      "src/deep directory 755",
    ]);
  });
});

describe("compileIgnore", () => {
  it.each([
    ["*.log", "a.log", true],
    ["*.log", "b/a.log", false],
    ["**/*.log", "b/c/a.log", true],
    ["**/*.log", "a.log", true],
    ["node_modules", "node_modules/x/y", true],
    ["/build/", "build/x", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[ab].txt", "b.txt", true],
    ["# comment", "# comment", false],
    ["docs\n!docs/keep", "docs/keep/x", false],
    ["docs\n!docs/keep", "docs/other", true],
    ["a+b(c)", "a+b(c)", true],
  ])("%j against %s: %s", (text, path, ignored) => {
    expect(compileIgnore(text)(path)).toBe(ignored);
  });
});
