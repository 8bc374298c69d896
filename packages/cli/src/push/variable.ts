import { refuse } from "@holdfast/contracts";

/** A variable that a push sets for one service or, without `service`, for all. */
export type Variable = { readonly service?: string; readonly name: string; readonly value: string };

const FORM = /^(?:([a-zA-Z0-9][a-zA-Z0-9_.-]*):)?([a-zA-Z_][a-zA-Z0-9_]*)=(.*)$/s;

/** `NAME=VALUE` or `SERVICE:NAME=VALUE`. Pure. @throws `cli.usage` */
export function parseVariable(given: string): Variable {
  const [, service, name, value] = FORM.exec(given) ?? [];
  if (name === undefined || value === undefined) {
    return refuse("cli.usage", {
      message: `--env ${given} sets no variable.`,
      hint: "For example --env LEVEL=debug, or --env web:LEVEL=debug for one service.",
    });
  }
  return { name, value, ...(service === undefined ? {} : { service }) };
}
