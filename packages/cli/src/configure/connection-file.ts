import { refuse } from "@holdfast/contracts";
import { checkConnection, describeFinding, isIgnoredName } from "@holdfast/host";

/** A keyfile for an image: the name that it gets there, and where it comes from in the operator's words. */
export type ConnectionInput = { readonly name: string; readonly origin: string; readonly bytes: Uint8Array };

/** Names that both FAT and the device's filesystem keep as they are. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it keeps out
const NAME = /^[^\\/:*?"<>|\u0000-\u001f]{1,80}$/;

/**
 * Refuses a connection that the device would refuse, by the device's own rules. Pure.
 * @returns remarks on what does not count
 * @throws `cli.invalid-configuration` with every line that is wrong
 */
export function checkConnectionInput({ name, origin, bytes }: ConnectionInput): readonly string[] {
  if (!NAME.test(name) || /[ .]$/.test(name) || isIgnoredName(name))
    refuse("cli.invalid-configuration", {
      message: `${origin}: NetworkManager does not read a connection from a file named ${name}.`,
      hint: "Copy it to another name, such as home.nmconnection.",
    });
  const { findings } = checkConnection(bytes);
  const told = (severity: string): string[] =>
    findings
      .filter((finding) => finding.severity === severity)
      .map((finding) => `${origin}: ${describeFinding(finding)}`);
  const errors = told("error");
  if (errors.length > 0)
    refuse("cli.invalid-configuration", {
      message: `This connection cannot work; nothing was changed.\n${errors.map((line) => `  ${line}`).join("\n")}`,
      hint: "docs/networking.md has examples of each kind.",
    });
  return told("warning");
}
