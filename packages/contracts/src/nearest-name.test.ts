import { expect, it } from "vitest";
import { nearestName, suggestName } from "./nearest-name.ts";

const boards = ["generic-amd64", "generic-arm64", "qemu"];

it.each([
  ["generic-amd46", "generic-amd64"],
  ["generic-arm", "generic-arm64"],
  ["Qemu", "qemu"],
  ["amd64", "generic-amd64"],
  ["zzz", undefined],
  ["x", undefined],
])("takes %s for %s", (wanted, near) => expect(nearestName(wanted, boards)).toBe(near));

it("lists all names when none is near", () => {
  expect(suggestName("zzz", boards)).toBe("Known: generic-amd64, generic-arm64, qemu.");
});
