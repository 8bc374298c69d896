import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { listSources } from "./documents.ts";

const sources = await listSources(repositoryRoot);
const MAX_LINES = 400;

describe("the repository", () => {
  it("has no folder or file whose name says nothing", () => {
    const vague = /(^|\/)(utils?|common|misc|helpers?|manager|types)(\.[jt]sx?)?(\/|$)/;
    expect(sources.filter((file) => vague.test(file))).toEqual([]);
  });

  it("names its sources in kebab-case", () => {
    const code = sources.filter((file) => file.endsWith(".ts"));
    expect(code.filter((file) => !/^[a-z0-9-]+(\.[a-z0-9]+)*\.ts$/.test(path.basename(file)))).toEqual([]);
  });

  it(`has no source of more than ${MAX_LINES} lines`, async () => {
    const counted = await Promise.all(
      sources
        .filter((file) => file.endsWith(".ts"))
        .map(async (file) => ({
          file,
          lines: (await readFile(path.join(repositoryRoot, file), "utf8")).split("\n").length,
        })),
    );
    expect(counted.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
  });

  it("has no test that does not run", async () => {
    const tests = sources.filter((file) => file.endsWith(".test.ts"));
    const parked = await Promise.all(
      tests.map(async (file) => {
        const text = await readFile(path.join(repositoryRoot, file), "utf8");
        return /^\s*(it|test|describe)\.(skip|only|todo)\b/m.test(text) ? [file] : [];
      }),
    );
    expect(parked.flat()).toEqual([]);
  });

  it("is described folder by folder in ARCHITECTURE.md, no more and no less", async () => {
    const text = await readFile(path.join(repositoryRoot, "ARCHITECTURE.md"), "utf8");
    const described = [...text.matchAll(/^\| `([^`]+)\/` \|/gm)].map((match) => match[1] ?? "");
    const folders = describedFolders(sources);
    const without = (all: readonly string[], some: readonly string[]) => all.filter((name) => !some.includes(name));
    expect({ missing: without(folders, described), gone: without(described, folders) }).toEqual({
      missing: [],
      gone: [],
    });
  });
});

/** Folders that deserve a line: top level, packages with the folders of their sources, and the folders of os/. */
function describedFolders(files: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const file of files) {
    const parts = path.dirname(file).split("/");
    if (parts[0] === "." || parts[0] === undefined) continue;
    folders.add(parts[0]);
    if (parts[0] === "os" && parts[1] !== undefined) folders.add(`os/${parts[1]}`);
    // Layers are listed by the command line, each with its reason.
    if (parts[0] === "os" && parts[1] !== "layers" && parts[2] !== undefined) folders.add(parts.slice(0, 3).join("/"));
    if (parts[0] === "docs" && parts[1] !== undefined) folders.add(`docs/${parts[1]}`);
    if (parts[0] !== "packages") continue;
    folders.add(parts.slice(0, 2).join("/"));
    if (parts[2] === "src" && parts[3] !== undefined) folders.add(parts.slice(0, 4).join("/"));
  }
  return [...folders];
}
