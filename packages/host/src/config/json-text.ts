/** Where JSON goes wrong; nothing of the text is repeated, since it holds secrets. */
type JsonFault = { readonly offset: number; readonly expected: string };

class Fault extends Error {
  readonly offset: number;
  readonly expected: string;
  constructor(offset: number, expected: string) {
    super(expected);
    this.offset = offset;
    this.expected = expected;
  }
}

/** Deeper than any configuration. The checker below calls itself once a level, and QuickJS has stack for about 200. */
const DEEPEST = 100;
const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])/y;
const WORD = /(?:true|false|null)(?!\w)/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a raw control character ends a JSON string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;

/** The end of what the sticky pattern matches there; undefined when it does not. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

const skipBlanks = (text: string, at: number): number => endOf(BLANK, text, at) ?? at;

function checkString(text: string, at: number, expected: string): number {
  const end = endOf(STRING, text, at);
  if (end === undefined) throw new Fault(at, expected);
  if (text[end] !== '"')
    throw new Fault(end, text[end] === "\\" ? "a valid escape" : 'the end of the text ("), on its line');
  return end + 1;
}

/** Items between brackets, separated by commas. */
function checkItems(text: string, from: number, close: "]" | "}", item: (at: number) => number): number {
  let at = skipBlanks(text, from);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skipBlanks(text, item(skipBlanks(text, at)));
    if (text[at] === close) return at + 1;
    if (text[at] !== ",") throw new Fault(at, `a comma or ${close}`);
    at += 1;
  }
}

function checkValue(text: string, at: number, depth: number): number {
  if (depth > DEEPEST) throw new Fault(at, `at most ${DEEPEST} levels`);
  switch (text[at]) {
    case '"':
      return checkString(text, at, "text");
    case "[":
      return checkItems(text, at + 1, "]", (item) => checkValue(text, item, depth + 1));
    case "{":
      return checkItems(text, at + 1, "}", (key) => {
        const colon = skipBlanks(text, checkString(text, key, "a key in quotes"));
        if (text[colon] !== ":") throw new Fault(colon, "a colon");
        return checkValue(text, skipBlanks(text, colon + 1), depth + 1);
      });
    default: {
      const end = endOf(NUMBER, text, at) ?? endOf(WORD, text, at);
      if (end === undefined) throw new Fault(at, "a value");
      return end;
    }
  }
}

/** The first fault of a text against RFC 8259; undefined when it is JSON. QuickJS's own messages give no position. */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    const end = skipBlanks(text, checkValue(text, skipBlanks(text, 0), 0));
    if (end < text.length) throw new Fault(end, "nothing more");
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return { offset: error.offset, expected: error.expected };
    throw error;
  }
}

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/** Parses JSON (a byte order mark before it is passed over); what is none is refused with line and column. */
export function parseJson(text: string): ParsedJson {
  const bare = text.replace(/^\uFEFF/, "");
  const fault = findJsonFault(bare);
  if (fault === undefined) return { ok: true, value: JSON.parse(bare) as unknown };
  const before = bare.slice(0, fault.offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  const place = fault.offset >= bare.length ? "at its end" : `line ${before.length}, column ${column}`;
  return { ok: false, reason: `${place}: expected ${fault.expected}` };
}
