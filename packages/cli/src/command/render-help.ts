import { alignColumns } from "../output/align-columns.ts";
import type { Command, Option } from "./command.ts";
import { globalOptions } from "./parse-command-line.ts";

/** The overview of all commands, or of those of one group (`vm`). */
export function renderOverview(commands: readonly Command[], group?: string): string {
  const shown = commands.filter((command) => group === undefined || command.name.startsWith(`${group} `));
  const rows = shown.map((command) => [`  ${usageWords(command)}`, command.summary]);
  const head =
    group === undefined ? "Holdfast builds, runs and tests an operating system for fleets of devices.\n\n" : "";
  return [
    `${head}Usage: ./holdfast ${group ?? "COMMAND"} …`,
    "",
    alignColumns(rows),
    "",
    "Every command takes --help and --json. Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted.",
  ].join("\n");
}

/** The help of one command. */
export function renderHelp(command: Command): string {
  const sections = [`${command.summary}`, `Usage: ./holdfast ${usageLine(command)}`];
  const args = (command.arguments ?? []).map((argument) => [`  ${argument.name}`, argument.help]);
  if (args.length > 0) sections.push(`Arguments:\n${alignColumns(args)}`);
  sections.push(`Options:\n${alignColumns(optionRows(command))}`);
  const examples = (command.examples ?? []).map((example) => `  ./holdfast ${example}`);
  if (examples.length > 0) sections.push(`Examples:\n${examples.join("\n")}`);
  return sections.join("\n\n");
}

/** `build [--board BOARD] …` without the options: `vm ssh NAME [COMMAND…]`. */
function usageWords(command: Command): string {
  const words = (command.arguments ?? []).map((argument) => {
    const name = argument.rest === true ? `${argument.name}…` : argument.name;
    return argument.required === true ? name : `[${name}]`;
  });
  return [command.name, ...words].join(" ");
}

const usageLine = (command: Command): string => {
  const [name, ...words] = [command.name, usageWords(command).slice(command.name.length).trim()];
  return [name, "[OPTIONS]", ...words].filter((word) => word !== "").join(" ");
};

/** Name and meaning of each option, the command's own first. */
function optionRows(command: Command): string[][] {
  const options: Readonly<Record<string, Option>> = { ...command.options, ...globalOptions };
  return Object.entries(options).map(([name, option]) => {
    const value = option.kind === "flag" ? "" : ` ${option.value ?? "TEXT"}`;
    const fallback = option.default === undefined ? "" : ` (default: ${option.default})`;
    const repeat = option.kind === "list" ? " (may be repeated)" : "";
    return [`  --${name}${value}`, `${option.help}${fallback}${repeat}`];
  });
}
