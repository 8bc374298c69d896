import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import {
  describeChange,
  diffLocks,
  formatLock,
  type Lock,
  type LockedPackage,
  parseLock,
  readLock,
  writeLock,
} from "./lock.ts";
import { defaultMirror } from "./mirror.ts";
import { parsePrintedUris } from "./print-uris.ts";
import { unknownPackages } from "./resolve-packages.ts";

const entry = (name: string, version: string): LockedPackage => ({
  name,
  version,
  arch: "amd64",
  sha256: "0".repeat(64),
  size: 1,
  path: `pool/main/${name}_${version}.deb`,
  archive: "debian",
});
const lock = (...packages: LockedPackage[]): Lock => ({
  version: 1,
  arch: "amd64",
  suites: ["trixie"],
  requested: ["curl"],
  packages,
});

it("survives being written and read", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "holdfast-lock-"));
  try {
    const file = path.join(directory, "deep/amd64.json");
    expect(await readLock(file)).toBeUndefined();
    await writeLock(file, lock(entry("zlib1g", "1"), entry("curl", "8")));
    expect(await readLock(file)).toEqual(lock(entry("curl", "8"), entry("zlib1g", "1")));
    expect(await readdir(path.dirname(file))).toEqual(["amd64.json"]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

it("puts each package on a line of its own, sorted", () => {
  const lines = formatLock(lock(entry("b", "1"), entry("a", "1"))).split("\n");
  expect(lines.filter((line) => line.includes('"sha256"')).map((line) => /"name":"(.)"/.exec(line)?.[1])).toEqual([
    "a",
    "b",
  ]);
});

it.each([
  ["{", "not a valid lock"],
  ['{"version":2}', "version"],
  [formatLock(lock({ ...entry("a", "1"), path: "../../etc/x.deb" })), "packages.0.path"],
])("refuses %s", (text, part) => {
  expect(() => parseLock(text, "os/lock/amd64.json")).toThrow(
    expect.objectContaining({ code: "image.invalid-lock", message: expect.stringContaining(part) }),
  );
});

it("tells added, removed and changed packages", () => {
  const changes = diffLocks(
    lock(entry("a", "1"), entry("b", "1"), entry("c", "1")),
    lock(entry("b", "2"), entry("c", "1"), entry("d", "1")),
  );
  expect(changes.map(describeChange)).toEqual(["a removed (1)", "b 1 -> 2", "d added (1)"]);
});

it("parses what apt prints", () => {
  const hash = "ab".repeat(32);
  const text = `'http://deb.debian.org/debian/pool/main/q/qemu/qemu-utils_10.0.13%2bds-0%2bdeb13u1_amd64.deb' qemu-utils_1%3a10.0.13+ds-0+deb13u1_amd64.deb 2024216 SHA256:${hash}
'http://deb.debian.org/debian-security/pool/main/x/x_1_all.deb' x_1_all.deb 7 SHA256:${hash}
`;
  expect(parsePrintedUris(text, defaultMirror)).toEqual([
    {
      name: "qemu-utils",
      version: "1:10.0.13+ds-0+deb13u1",
      arch: "amd64",
      sha256: hash,
      size: 2_024_216,
      path: "pool/main/q/qemu/qemu-utils_10.0.13+ds-0+deb13u1_amd64.deb",
      archive: "debian",
    },
    {
      name: "x",
      version: "1",
      arch: "all",
      sha256: hash,
      size: 7,
      path: "pool/main/x/x_1_all.deb",
      archive: "debian-security",
    },
  ]);
  expect(() =>
    parsePrintedUris("'http://elsewhere.example/x_1_all.deb' x_1_all.deb 7 MD5Sum:00", defaultMirror),
  ).toThrow("x_1_all");
});

it("finds the names that apt does not know", () => {
  const stderr = `E: Unable to locate package jqq
E: Package 'telnet' has no installation candidate
E: Unable to locate package jqq`;
  expect(unknownPackages(stderr)).toEqual(["jqq", "telnet"]);
});
