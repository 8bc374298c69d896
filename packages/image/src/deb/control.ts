/** Fields of a control stanza by name, continuation lines joined by newlines. Pure. */
export function parseControl(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  let current: string | undefined;
  for (const line of text.split("\n")) {
    if (/^[ \t]/.test(line) && current !== undefined) {
      fields[current] += `\n${line.slice(1)}`;
      continue;
    }
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    current = line.slice(0, colon);
    fields[current] = line.slice(colon + 1).trim();
  }
  return fields;
}
