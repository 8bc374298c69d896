import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { configKeys } from "@holdfast/host";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { commands } from "../command/commands.ts";
import { parseCommandLine } from "../command/parse-command-line.ts";
import { repositoryRoot } from "../repository-root.ts";
import { readDocuments, relativeLinks, shellLines } from "./documents.ts";
import { generatedFiles } from "./generated-files.ts";

const balenaCliSchema = z.object({ dependencies: z.object({ "balena-cli": z.string() }) });
const documents = await readDocuments(repositoryRoot);

describe.each(Object.entries(generatedFiles))("%s", (file, render) => {
  it("is what the code generates (node packages/cli/src/docs/write-generated-files.ts)", async () => {
    expect(await readFile(path.join(repositoryRoot, file), "utf8")).toBe(await render());
  });
});

describe("the documents", () => {
  it("show only command lines that the parser accepts", () => {
    const wrong = documents.flatMap(({ file, text }) =>
      shellLines(text)
        .filter((line) => line.startsWith("./holdfast"))
        .flatMap((line) => {
          try {
            parseCommandLine(wordsOf(line).slice(1), commands);
            return [];
          } catch (thrown) {
            return [`${file}: ${line}: ${String(thrown)}`];
          }
        }),
    );
    expect(wrong).toEqual([]);
  });

  it("link to files that exist", async () => {
    const links = documents.flatMap(({ file, text }) =>
      relativeLinks(text).map((target) => ({ file, target: path.join(path.dirname(file), target) })),
    );
    expect(links.length).toBeGreaterThan(5);
    const missing = await Promise.all(
      links.map(async ({ file, target }) => {
        const found = await access(path.join(repositoryRoot, target)).then(
          () => true,
          () => false,
        );
        return found ? [] : [`${file} -> ${target}`];
      }),
    );
    expect(missing.flat()).toEqual([]);
  });

  it("name a test for each key of config.json, and that test names the key", async () => {
    for (const { key, test, when } of Object.values(configKeys).filter(({ when: at }) => at !== "never")) {
      const text = await readFile(path.join(repositoryRoot, test), "utf8");
      const last = key.split(".").at(-1) ?? key;
      expect([key, when, text.includes(last)]).toEqual([key, when, true]);
    }
  });

  it("name the balena-cli that the suites install, and a test for each of its commands", async () => {
    const installed = await readFile(path.join(repositoryRoot, "e2e/balena-cli/npm/package.json"), "utf8");
    const { dependencies } = balenaCliSchema.parse(JSON.parse(installed));
    const text = documents.find(({ file }) => file === "docs/balena-cli.md")?.text ?? "";
    expect(text.replaceAll("\n", " ")).toContain(`balena-cli ${dependencies["balena-cli"]} on`);
    const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| command"));
    expect(rows.length).toBeGreaterThan(8);
    expect(rows.filter((row) => !/\]\([^)]+\)[^|]*\|$/.test(row))).toEqual([]);
  });

  it("has a quick start of exactly two commands in the README", () => {
    const readme = documents.find(({ file }) => file === "README.md")?.text ?? "";
    const quickStart = /## Quick start\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? "";
    expect(shellLines(quickStart)).toEqual(["./holdfast up", "./holdfast test"]);
  });
});

/** Words of a shell line up to the first pipe or redirection; quotes around a word are removed. */
function wordsOf(line: string): string[] {
  const command = line.split(/ [|>] /)[0] ?? line;
  return (command.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, "$2"));
}
