import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readArMembers } from "./ar-members.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-ar-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const member = (name: string, body: string): string =>
  `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(body.length).padEnd(10)}\`\n${body}${body.length % 2 === 1 ? "\n" : ""}`;

async function members(text: string) {
  await writeFile(join(folder, "a"), text, "latin1");
  return readArMembers(join(folder, "a"));
}

it("finds each member, padded or not", async () => {
  const text = `!<arch>\n${member("debian-binary", "2.0\n")}${member("control.tar.xz", "odd")}${member("data.tar.xz/", "even")}`;
  expect((await members(text)).map(({ name, offset, size }) => [name, text.slice(offset, offset + size)])).toEqual([
    ["debian-binary", "2.0\n"],
    ["control.tar.xz", "odd"],
    ["data.tar.xz", "even"],
  ]);
});

it.each([
  ["another file", "hello world", "not an ar file"],
  ["a cut header", `!<arch>\n${member("a", "b").slice(0, 30)}`, "ends early"],
  ["a cut member", `!<arch>\n${member("a", "bcdef").slice(0, -3)}`, "damaged"],
])("refuses %s", async (_, text, message) => {
  await expect(members(text)).rejects.toThrow(message);
});
