import type { ValueParser } from "./config-key.ts";

export type Json = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One line of printable text: nothing in it can begin another line of a generated file. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it keeps out
const ONE_LINE = /^[^\u0000-\u001f\u007f\u0085\u2028\u2029]*$/;
export const isOneLine = (text: string): boolean => ONE_LINE.test(text);

/** Text that the pattern matches. Empty text means absent, as tools clear keys with it. */
export function textLike(pattern: RegExp, reason: string): ValueParser<string | undefined> {
  return (value, complain) => {
    if (value === "") return undefined;
    if (typeof value === "string" && isOneLine(value) && pattern.test(value)) return value;
    complain(reason);
    return undefined;
  };
}

/** Any text of one line; empty text means absent. */
export const anyText = textLike(/^/, "not text in one line");

/** The device contract: JSON true and the text "true" both mean yes. */
export const flag: ValueParser<boolean> = (value, complain) => {
  if (value === true || value === "true") return true;
  if (value === false || value === "false" || value === "") return false;
  complain("neither true nor false");
  return undefined;
};

/** A flag that may also be left open. */
export const optionalFlag: ValueParser<boolean | undefined> = (value, complain) =>
  value === "" ? undefined : flag(value, complain);

/** A whole number within bounds, or its text. */
export function wholeNumber(least: number, most: number): ValueParser<number | undefined> {
  return (value, complain) => {
    if (value === "") return undefined;
    const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    complain(`not a whole number from ${least} to ${most}`);
    return undefined;
  };
}

/** A number or a text, as text: ids are written either way. */
export const idText: ValueParser<string | undefined> = (value, complain) =>
  typeof value === "number" && Number.isFinite(value) ? String(value) : anyText(value, complain);

/** One of a few words. */
export function oneOf(words: readonly string[]): ValueParser<string | undefined> {
  return (value, complain) => {
    if (value === "") return undefined;
    if (typeof value === "string" && words.includes(value)) return value;
    complain(`not one of ${words.join(", ")}`);
    return undefined;
  };
}

/** Words between blanks; those that do not match are left out, the others count. */
export function wordsLike(pattern: RegExp, reason: string): ValueParser<readonly string[]> {
  return (value, complain) => {
    if (typeof value !== "string") {
      complain("not text");
      return undefined;
    }
    const words = value.split(/[\s,]+/).filter((word) => word !== "");
    for (const [index, word] of words.entries()) if (!pattern.test(word)) complain(reason, `[${index}]`);
    return [...new Set(words.filter((word) => pattern.test(word)))];
  };
}

/** An http(s) address in one word. */
export const httpAddress = textLike(/^https?:\/\/[^\s"'\\]+$/, "not an http or https address");

/** Any object; what is in it is its owner's matter. */
export const anyObject: ValueParser<Json | undefined> = (value, complain) => {
  if (isObject(value)) return value;
  complain("not an object");
  return undefined;
};
