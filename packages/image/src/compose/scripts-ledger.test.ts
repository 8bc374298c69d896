import { expect, it } from "vitest";
import { checkScripts, refreshScripts, requireAccounted, scriptHash } from "./scripts-ledger.ts";

const script = "#!/bin/sh\nadduser --system x\n";
const packages = [{ name: "x", version: "1.2-1", scripts: { postinst: script } }];

it("finds a script that nobody accounted for, and refuses it with its text", () => {
  const findings = checkScripts(packages, {});
  expect(findings).toMatchObject([{ package: "x", script: "postinst", problem: "unknown" }]);
  expect(() => requireAccounted(findings, false)).toThrow("adduser --system x");
});

it("warns about a changed script of an accounted package, and refuses it when strict", () => {
  const findings = checkScripts(packages, { x: { how: "user in a layer", hashes: { postinst: ["0000"] } } });
  expect(requireAccounted(findings, false)).toEqual(["x's postinst changed since it was accounted for"]);
  expect(() => requireAccounted(findings, true)).toThrow("changed since it was accounted for");
});

it("accepts a script with a known hash, whatever version or kernel ABI it names", () => {
  const text = "echo 1.2-1 6.12.117+deb13-amd64";
  const later = "echo 1.3-1 6.12.120+deb13-amd64";
  expect(scriptHash(text, "1.2-1")).toBe(scriptHash(later, "1.3-1"));
  const ledger = { x: { how: "prints only", hashes: { postinst: [scriptHash(text, "1.2-1")] } } };
  expect(checkScripts([{ name: "x", version: "1.3-1", scripts: { postinst: later } }], ledger)).toEqual([]);
});

it("knows kernel packages without their ABI", () => {
  const ledger = {
    "linux-image-@ABI@-amd64": { how: "hooks are not run", hashes: { postinst: [scriptHash(script, "1")] } },
  };
  expect(
    checkScripts([{ name: "linux-image-6.12.117+deb13-amd64", version: "1", scripts: { postinst: script } }], ledger),
  ).toEqual([]);
});

it("enters changed scripts of accounted packages and new ones that a layer speaks for, and names the rest", () => {
  const found = [
    { name: "x", version: "1", scripts: { postinst: "new form" } },
    { name: "y", version: "1", scripts: { preinst: "of a new package" } },
    { name: "z", version: "1", scripts: { postinst: "of nobody" } },
  ];
  const before = { x: { how: "user in a layer", hashes: { postinst: ["0000"] } } };
  const { ledger, changed, unknown } = refreshScripts(before, found, { y: "a link in the layer" });
  expect(changed.map((finding) => `${finding.package} ${finding.problem}`)).toEqual(["x changed", "y unknown"]);
  expect(unknown.map((finding) => finding.package)).toEqual(["z"]);
  expect(ledger["x"]?.hashes["postinst"]).toEqual(["0000", scriptHash("new form", "1")]);
  expect(ledger["y"]?.how).toBe("a link in the layer");
  expect(checkScripts(found.slice(0, 2), ledger)).toEqual([]);
  expect(before.x.hashes.postinst).toEqual(["0000"]);
});

it("remembers a bounded number of forms of a script", () => {
  let ledger = {};
  for (let version = 1; version <= 9; version += 1)
    ({ ledger } = refreshScripts(ledger, [{ name: "x", version: "-", scripts: { postinst: `form ${version}` } }], {
      x: "prints only",
    }));
  expect(ledger).toMatchObject({ x: { hashes: { postinst: { length: 4 } } } });
});
