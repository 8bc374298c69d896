import type { ValueParser } from "./config-key.ts";
import { isObject } from "./value-parsers.ts";

/** Name of the file without `.rules` -> its text. */
export type UdevRules = Readonly<Record<string, string>>;

/** A file name that stays in its directory. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}$/;

/** Rules by name. What is no rule is left out, the others count; udev itself judges their text. */
export const parseUdevRules: ValueParser<UdevRules> = (value, complain) => {
  if (!isObject(value)) {
    complain("not an object");
    return undefined;
  }
  const rules: [string, string][] = [];
  for (const [name, text] of Object.entries(value)) {
    const part = `.${NAME.test(name) ? name : JSON.stringify(name.slice(0, 40))}`;
    if (!NAME.test(name)) complain("not a file name of letters, digits and _ . @ + -", part);
    else if (typeof text !== "string" || text.includes("\0")) complain("not text", part);
    else rules.push([name, text]);
  }
  return Object.fromEntries(rules);
};
