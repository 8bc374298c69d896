/** Lines with aligned columns, two spaces apart. A column whose cells all look like figures is aligned to the right. */
export function alignColumns(rows: readonly (readonly string[])[], header?: readonly string[]): string {
  const all = header === undefined ? rows : [header, ...rows];
  const columns = Math.max(0, ...all.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...all.map((row) => (row[column] ?? "").length)),
  );
  const isFigures = widths.map((_, column) => rows.length > 0 && rows.every((row) => FIGURE.test(row[column] ?? "")));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) =>
        isFigures[column] === true ? (row[column] ?? "").padStart(width) : (row[column] ?? "").padEnd(width),
      )
      .join("  ")
      .trimEnd();
  return all.map(line).join("\n");
}

const FIGURE = /^[+-]?\d[\d,]*(?:\.\d+)?( ?(%|s|ms|min|[kKMG]i?B|B|x))?$|^-$|^$/;
