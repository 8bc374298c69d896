/** A section of redsocks.conf: `name { key = value; … }`. A name may stand more than once. */
export type Section = { readonly name: string; readonly settings: ReadonlyMap<string, string> };

export type ParsedFile =
  | { readonly ok: true; readonly sections: readonly Section[] }
  | { readonly ok: false; readonly line: number; readonly reason: string };

const TOKEN = /\s+|\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\\n]|\\.)*)"|[{}=;]|[^\s{}=;"]+/y;

type Token = { readonly text: string; readonly isString: boolean; readonly line: number };
type Fault = { readonly line: number; readonly reason: string };

function tokens(text: string): readonly Token[] | Fault {
  const found: Token[] = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) return { line, reason: "a quote that does not end" };
    const [whole, quoted] = match;
    const isComment = whole.startsWith("//") || whole.startsWith("#") || whole.startsWith("/*");
    if (quoted !== undefined) found.push({ text: quoted.replace(/\\(.)/g, "$1"), isString: true, line });
    else if (whole.trim() !== "" && !isComment) found.push({ text: whole, isString: false, line });
    line += whole.split("\n").length - 1;
  }
  return found;
}

/** Reads redsocks.conf; reasons name lines, never values, which may be secret. Pure. */
export function parseRedsocksFile(text: string): ParsedFile {
  const list = tokens(text.replace(/^\uFEFF/, ""));
  if ("reason" in list) return { ok: false, ...list };
  const sections: Section[] = [];
  let at = 0;
  const isMark = (mark: string): boolean => list[at]?.isString === false && list[at]?.text === mark;
  const fault = (reason: string): ParsedFile => ({ ok: false, line: (list[at] ?? list.at(-1))?.line ?? 1, reason });
  while (at < list.length) {
    const name = list[at]?.text ?? "";
    if (!/^\w+$/.test(name)) return fault("the name of a section is missing");
    at += 1;
    if (!isMark("{")) return fault(`${name} has no {`);
    at += 1;
    const settings = new Map<string, string>();
    while (!isMark("}")) {
      const key = list[at]?.text ?? "";
      if (!/^\w+$/.test(key)) return fault(`${name} has no }, or something that is no setting`);
      at += 1;
      if (!isMark("=")) return fault(`${key} has no =`);
      at += 1;
      const value = list[at];
      if (value === undefined || (!value.isString && /^[{}=;]$/.test(value.text))) return fault(`${key} has no value`);
      at += 1;
      if (!isMark(";")) return fault(`${key} does not end in ;`);
      at += 1;
      settings.set(key, value.text);
    }
    at += 1;
    sections.push({ name, settings });
  }
  return { ok: true, sections };
}
