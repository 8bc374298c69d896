import type { Command } from "../command/command.ts";
import { renderHelp } from "../command/render-help.ts";
import { generatedNote } from "./generated-note.ts";

/** docs/cli.md: the help of every command, from the table that also parses them. */
export function renderCommandReference(commands: readonly Command[]): string {
  const contents = commands.map(
    (command) => `- [${command.name}](#${command.name.replaceAll(" ", "-")}): ${command.summary}`,
  );
  const sections = commands.map((command) => `## ${command.name}\n\n\`\`\`text\n${renderHelp(command)}\n\`\`\``);
  return `${["# Commands", generatedNote, intro, contents.join("\n"), ...sections].join("\n\n")}\n`;
}

const intro = `Results go to standard output, progress and errors to standard error. \`--json\` makes the result one JSON value; a
failure is then \`{ "error": { "code", "message", "hint" } }\`. Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted.
Codes are explained in [errors.md](errors.md). Ctrl-C stops the work, ends the programs it started and removes what is
half made; a second Ctrl-C does not wait for that.`;
