import { expect, it } from "vitest";
import { isEntry, usedUpName } from "./boot-entry.ts";

it.each([
  ["holdfast-000001.efi", "holdfast-000001+0.efi"],
  ["holdfast-000002+3.efi", "holdfast-000002+0-3.efi"],
  ["holdfast-000002+2-1.efi", "holdfast-000002+0-3.efi"],
  ["holdfast-000002+0-3.efi", "holdfast-000002+0-3.efi"],
  ["notes.txt", "notes.txt"],
])("marks %s as used up: %s", (name, expected) => {
  expect(usedUpName(name)).toBe(expected);
});

it("knows an entry by its id, whatever its counter", () => {
  expect(isEntry("holdfast-000002+2-1.efi", "holdfast-000002.efi")).toBe(true);
  expect(isEntry("Holdfast-000002.EFI", "holdfast-000002+3.efi")).toBe(true);
  expect(isEntry("holdfast-000003.efi", "holdfast-000002.efi")).toBe(false);
});
