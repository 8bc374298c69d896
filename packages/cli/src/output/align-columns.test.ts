import { expect, it } from "vitest";
import { alignColumns } from "./align-columns.ts";

it("aligns words to the left, figures to the right, without trailing blanks", () => {
  const rows = [
    ["root", "1.5 MiB", "read-only"],
    ["state", "128.0 MiB", ""],
  ];
  expect(alignColumns(rows, ["name", "size", "note"])).toBe(
    ["name        size  note", "root     1.5 MiB  read-only", "state  128.0 MiB"].join("\n"),
  );
});

it("takes addresses and versions for words", () => {
  expect(alignColumns([["10.0.0.1"], ["1.7.24"], ["2"]])).toBe("10.0.0.1\n1.7.24\n2");
});
