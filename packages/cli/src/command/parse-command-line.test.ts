import { HoldfastError } from "@holdfast/contracts";
import { describe, expect, it } from "vitest";
import type { Command } from "./command.ts";
import { parseCommandLine } from "./parse-command-line.ts";

const load = () => Promise.reject(new Error("not loaded in these tests"));
const commands: Command[] = [
  {
    name: "build",
    summary: "build an image",
    options: {
      board: { kind: "text", value: "BOARD", help: "which board", default: "generic-amd64" },
      locked: { kind: "flag", help: "only locked versions" },
      preload: { kind: "list", value: "DIR", help: "a compose project" },
    },
    load,
  },
  { name: "inspect", summary: "show", arguments: [{ name: "IMAGE", help: "an image file", required: true }], load },
  { name: "vm start", summary: "start", arguments: [{ name: "NAME", help: "name" }], load },
  {
    name: "vm ssh",
    summary: "ssh",
    arguments: [
      { name: "NAME", help: "name", required: true },
      { name: "COMMAND", help: "command", rest: true },
    ],
    load,
  },
  {
    name: "ssh",
    summary: "ssh",
    arguments: [
      { name: "NAME", help: "name", required: true },
      { name: "SERVICE", help: "service" },
      { name: "COMMAND", help: "command", rest: true },
    ],
    load,
  },
];

const parse = (line: string) => parseCommandLine(line.split(" ").filter(Boolean), commands);
const parsed = (line: string) => {
  const result = parse(line);
  if (result.kind !== "run") throw new Error(`not a run: ${result.kind}`);
  return result;
};
const refusal = (line: string): HoldfastError => {
  try {
    parse(line);
  } catch (thrown) {
    if (thrown instanceof HoldfastError) return thrown;
    throw thrown;
  }
  throw new Error(`"${line}" was accepted`);
};

describe("parseCommandLine", () => {
  it("takes what follows -- for the rest, even if an optional argument before it is left out", () => {
    const read = (line: string) => [parsed(line).args.argument("SERVICE"), parsed(line).args.rest];
    expect(read("ssh box -- ls -l")).toEqual([undefined, ["ls", "-l"]]);
    expect(read("ssh box web -- ls -l")).toEqual(["web", ["ls", "-l"]]);
    expect(read("ssh box web")).toEqual(["web", []]);
    expect(refusal("ssh -- ls").code).toBe("cli.usage");
  });

  it("reads texts, flags and lists, and falls back to defaults", () => {
    const { args, json } = parsed("build --locked --preload a --preload=b --json");
    expect([args.text("board"), args.flag("locked"), args.list("preload"), json]).toEqual([
      "generic-amd64",
      true,
      ["a", "b"],
      true,
    ]);
  });

  it("takes the last of a text that is given twice", () => {
    expect(parsed("build --board a --board=b").args.text("board")).toBe("b");
  });

  it("passes everything after -- on to a command's rest, options too", () => {
    const { args } = parsed("vm ssh box -- ls -l --json");
    expect([args.required("NAME"), args.rest]).toEqual(["box", ["ls", "-l", "--json"]]);
  });

  it("suggests the nearest command, sub-command and option", () => {
    expect(refusal("biuld").hint).toBe("Did you mean build?");
    expect(refusal("vm strat").hint).toBe("Did you mean start?");
    expect(refusal("build --bord x").hint).toBe("Did you mean --board?");
  });

  it("lists what is known when nothing is near", () => {
    expect(refusal("xyzzy").hint).toBe("Known: build, inspect, vm, ssh.");
  });

  it.each([
    ["build --board", "--board needs a value (BOARD)."],
    ["build --board --locked", "--board needs a value (BOARD)."],
    ["build --board=", "--board needs a value (BOARD)."],
    ["build --locked=yes", "--locked takes no value."],
    ["build extra", '"extra" is one argument too many for holdfast build.'],
    ["inspect", "holdfast inspect needs IMAGE: an image file."],
    ["--bogus", "--bogus is not an option of holdfast itself."],
    ["build -x", "holdfast build has no option -x."],
  ])("refuses `%s`", (line, message) => {
    const error = refusal(line);
    expect([error.code, error.message]).toEqual(["cli.usage", message]);
  });

  it("shows help for the whole, a group and a command", () => {
    expect(parse("")).toEqual({ kind: "help" });
    expect(parse("vm")).toEqual({ kind: "help", group: "vm" });
    expect(parse("help vm start")).toMatchObject({ kind: "help", command: { name: "vm start" } });
    expect(parse("inspect -h")).toMatchObject({ kind: "help", command: { name: "inspect" } });
  });

  it("treats a name that the command's table does not have as a bug", () => {
    expect(() => parsed("build").args.text("colour")).toThrow(TypeError);
    expect(() => parsed("build").args.flag("board")).toThrow(TypeError);
  });
});
