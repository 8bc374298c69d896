import { readFile } from "node:fs/promises";
import { composeServiceSchema, splitCompose } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import { desiredOf, wireOf } from "../testing/fixtures.ts";
import { features, LABEL_HEALTH_RESTART, LABEL_HEALTH_WINDOW, LABEL_REQUIRES_REBOOT } from "./labels.ts";

const docs = new URL("../../../../docs/", import.meta.url);
const text = await readFile(new URL("compose.md", docs), "utf8");

type Row = { readonly names: readonly string[]; readonly cells: readonly string[] };

/** The rows of the table whose head begins with a word. */
function tableOf(head: string): Row[] {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => {
      const cells = line.split("|").slice(1, -1);
      return { names: [...(cells[0] ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name), cells };
    });
}

const namesOf = (rows: readonly Row[]): string[] => rows.flatMap(({ names }) => names).sort();

describe("docs/compose.md", () => {
  it("lists the fields that are accepted, no more and no less", () => {
    const accepted = [...Object.keys(composeServiceSchema.shape), "image", "environment", "labels", "running"];
    expect(namesOf(tableOf("field"))).toEqual(accepted.sort());
  });

  it("lists as ignored only what is ignored", () => {
    const listed = namesOf(tableOf("ignored field"));
    expect(listed.length).toBeGreaterThan(15);
    expect(splitCompose(Object.fromEntries(listed.map((name) => [name, {}]))).ignored).toEqual(listed);
  });

  it("lists the labels that have an effect", () => {
    const known = [
      ...features.map((feature) => `io.balena.features.${feature}`),
      "io.balena.update.strategy",
      "io.balena.update.handover-timeout",
      LABEL_REQUIRES_REBOOT,
      LABEL_HEALTH_RESTART,
      LABEL_HEALTH_WINDOW,
    ];
    expect(namesOf(tableOf("label"))).toEqual(known.sort());
  });

  it("lists the variables that every service gets", () => {
    const variables = desiredOf(wireOf({ services: { web: {} } })).apps[0]?.services[0]?.body.Env ?? [];
    const bare = variables.map((entry) => (entry.split("=")[0] ?? "").replace(/^(BALENA|RESIN)_/, ""));
    const listed = tableOf("variable").flatMap(({ names }) => names.filter((name) => !name.endsWith("_")));
    expect(listed.sort()).toEqual([...new Set(bare)].sort());
  });

  it("names a test for each line, and that test names what it is for", async () => {
    for (const { names, cells } of ["field", "label", "variable"].flatMap(tableOf)) {
      const file = /\(([^)]+)\)/.exec(cells.at(-1) ?? "")?.[1] ?? "";
      const test = await readFile(new URL(file, docs), "utf8");
      for (const name of names) {
        const word = name.replace(/^io\.balena\.(features|update)\./, "");
        expect([file, name, test.includes(word)]).toEqual([file, name, true]);
      }
    }
  });
});
