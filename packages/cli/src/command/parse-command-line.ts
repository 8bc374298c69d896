import { parseArgs } from "node:util";
import { refuse, suggestName } from "@holdfast/contracts";
import type { Argument, Arguments, Command, Option } from "./command.ts";

/** Options that every command takes. */
export const globalOptions = {
  json: { kind: "flag", help: "print one JSON value on standard output, for programs" },
  help: { kind: "flag", help: "show this help" },
} as const satisfies Record<string, Option>;

/** What the command line asks for. */
export type CommandLine =
  | { readonly kind: "help"; readonly command?: Command; readonly group?: string }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly command: Command; readonly args: Arguments; readonly json: boolean };

/**
 * Understands `holdfast …`. Pure.
 * @throws `cli.usage` for unknown commands, unknown options, missing values, missing or surplus arguments.
 */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const first = argv[0];
  if (first === undefined || first === "--help" || first === "-h" || first === "help") return helpFor(argv, commands);
  if (first === "--version") return { kind: "version" };
  const command = findCommand(argv, commands);
  if (command === undefined) return unknownCommand(argv, commands);
  const words = command.name.split(" ").length;
  return parseFor(command, argv.slice(words));
}

function helpFor(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const topic = argv.slice(1);
  const command = findCommand(topic, commands);
  if (command !== undefined) return { kind: "help", command };
  const group = topic[0];
  return group !== undefined && isGroup(group, commands) ? { kind: "help", group } : { kind: "help" };
}

/** The command with the most words that the line begins with. */
function findCommand(argv: readonly string[], commands: readonly Command[]): Command | undefined {
  return [2, 1]
    .map((words) => argv.slice(0, words).join(" "))
    .map((name) => commands.find((command) => command.name === name))
    .find((command) => command !== undefined);
}

const isGroup = (word: string, commands: readonly Command[]): boolean =>
  commands.some((command) => command.name.startsWith(`${word} `));

function unknownCommand(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const [word = "", second] = argv;
  if (!isGroup(word, commands)) {
    if (word.startsWith("-"))
      usage(`${word} is not an option of holdfast itself.`, "./holdfast --help lists the commands.");
    const known = [...new Set(commands.map((command) => command.name.split(" ")[0] ?? ""))];
    return usage(`There is no command "${word}".`, suggestName(word, known));
  }
  if (second === undefined || second === "--help" || second === "-h") return { kind: "help", group: word };
  const known = commands
    .filter((command) => command.name.startsWith(`${word} `))
    .map((command) => command.name.slice(word.length + 1));
  return usage(`There is no command "${word} ${second}".`, suggestName(second, known));
}

function parseFor(command: Command, argv: readonly string[]): CommandLine {
  const options: Readonly<Record<string, Option>> = { ...command.options, ...globalOptions };
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: {
      ...Object.fromEntries(
        Object.entries(options).map(([name, option]) => [
          name,
          { type: option.kind === "flag" ? "boolean" : "string" } as const,
        ]),
      ),
      help: { type: "boolean", short: "h" },
    },
  });
  const values = new Map<string, string[]>();
  const positionals: (string | undefined)[] = [];
  const restFrom = (command.arguments ?? []).findIndex((argument) => argument.rest === true);
  for (const token of tokens) {
    // What follows `--` is the rest, even if optional arguments before it are left out.
    if (token.kind === "option-terminator") while (positionals.length < restFrom) positionals.push(undefined);
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const option = options[token.name];
    if (option === undefined) unknownOption(command, token.rawName, options);
    else values.set(token.name, [...(values.get(token.name) ?? []), readValue(command, option, token)]);
  }
  if (values.has("help")) return { kind: "help", command };
  checkArguments(command, positionals);
  return { kind: "run", command, args: toArguments(command, values, positionals), json: values.has("json") };
}

type OptionToken = {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function readValue(command: Command, option: Option, token: OptionToken): string {
  const { rawName, value } = token;
  if (option.kind === "flag") {
    return value === undefined ? "" : usage(`${rawName} takes no value.`, `See: ./holdfast ${command.name} --help`);
  }
  const swallowedOption = value?.startsWith("-") === true && token.inlineValue !== true;
  if (value === undefined || value === "" || swallowedOption) {
    usage(`${rawName} needs a value (${option.value ?? "TEXT"}).`, `See: ./holdfast ${command.name} --help`);
  }
  return value;
}

function unknownOption(command: Command, rawName: string, options: Readonly<Record<string, Option>>): never {
  const known = Object.keys(options).map((name) => `--${name}`);
  return usage(`holdfast ${command.name} has no option ${rawName}.`, suggestName(rawName, known));
}

function checkArguments(command: Command, positionals: readonly (string | undefined)[]): void {
  const wanted = command.arguments ?? [];
  const hint = `See: ./holdfast ${command.name} --help`;
  const missing = wanted.find((argument, index) => argument.required === true && positionals[index] === undefined);
  if (missing !== undefined) usage(`holdfast ${command.name} needs ${missing.name}: ${missing.help}.`, hint);
  const takesRest = wanted.at(-1)?.rest === true;
  const surplus = positionals[wanted.length];
  if (!takesRest && surplus !== undefined)
    usage(`"${surplus}" is one argument too many for holdfast ${command.name}.`, hint);
}

function toArguments(
  command: Command,
  values: ReadonlyMap<string, string[]>,
  positionals: readonly (string | undefined)[],
): Arguments {
  const option = (name: string, kind: Option["kind"]): Option => {
    const found = command.options?.[name];
    if (found?.kind !== kind) throw new TypeError(`holdfast ${command.name} has no ${kind} option --${name}`);
    return found;
  };
  const named = (name: string): string | undefined => {
    const index = (command.arguments ?? []).findIndex((argument: Argument) => argument.name === name);
    if (index < 0) throw new TypeError(`holdfast ${command.name} has no argument ${name}`);
    return positionals[index];
  };
  const restFrom = (command.arguments ?? []).findIndex((argument) => argument.rest === true);
  return {
    text: (name) => values.get(name)?.at(-1) ?? option(name, "text").default,
    flag: (name) => option(name, "flag").kind === "flag" && values.has(name),
    list: (name) => (option(name, "list").kind === "list" ? (values.get(name) ?? []) : []),
    argument: named,
    required: (name) =>
      named(name) ?? usage(`holdfast ${command.name} needs ${name}.`, `See: ./holdfast ${command.name} --help`),
    rest: restFrom < 0 ? [] : positionals.slice(restFrom).filter((word) => word !== undefined),
  };
}

function usage(message: string, hint: string): never {
  return refuse("cli.usage", { message, hint });
}
