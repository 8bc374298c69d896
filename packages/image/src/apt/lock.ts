import { readFile } from "node:fs/promises";
import { messageOf, refuse } from "@holdfast/contracts";
import { z } from "zod";
import { writeDurably } from "../cache/write-durably.ts";

const lockedPackageSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** The package's own: an architecture, or `all`. */
  arch: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.int().positive(),
  /** Below the archive, as stored there: `pool/main/q/quickjs/quickjs_2025.04.26-1_amd64.deb`. */
  path: z.string().regex(/^(?!\/)(?!.*\.\.\/).+\.deb$/),
  archive: z.enum(["debian", "debian-security"]),
});

const lockSchema = z.strictObject({
  version: z.literal(1),
  arch: z.enum(["amd64", "arm64"]),
  suites: z.array(z.string()),
  /** What was asked for; the rest are dependencies. Sorted. */
  requested: z.array(z.string()),
  packages: z.array(lockedPackageSchema),
});

export type LockedPackage = z.output<typeof lockedPackageSchema>;
/** Exactly which packages something is made of. */
export type Lock = z.output<typeof lockSchema>;

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** The text of a lock: sorted, one package a line, so that a change of one package is a change of one line. Pure. */
export function formatLock(lock: Lock): string {
  const { packages, ...head } = lock;
  const fields = { ...head, requested: [...head.requested].sort() };
  const lines = [...packages].sort(byName).map(({ name, version, arch, sha256, size, path, archive }) => {
    return `    ${JSON.stringify({ name, version, arch, sha256, size, path, archive })}`;
  });
  const opening = JSON.stringify(fields, null, 2).replace(/\n}$/, "");
  return `${opening},\n  "packages": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

/**
 * Parses a lock's text; `name` is for the message. Pure.
 * @throws `image.invalid-lock`
 */
export function parseLock(text: string, name: string): Lock {
  const refuseBecause = (problem: string): never =>
    refuse("image.invalid-lock", {
      message: `${name} is not a valid lock: ${problem}.`,
      hint: "Restore it from version control, or make it anew with `holdfast lock --update`.",
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    return refuseBecause(messageOf(thrown));
  }
  const result = lockSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return refuseBecause(`${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? "malformed"}`);
}

/**
 * Reads a lock file; undefined when there is none.
 * @throws `image.invalid-lock`
 */
export async function readLock(file: string): Promise<Lock | undefined> {
  const text = await readFile(file, "utf8").catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === "ENOENT") return undefined;
    throw thrown;
  });
  return text === undefined ? undefined : parseLock(text, file);
}

/** Writes a lock file; returns after it is on disk. The former one stays whole until then. */
export async function writeLock(file: string, lock: Lock): Promise<void> {
  await writeDurably(file, formatLock(lock));
}

export type LockChange = {
  readonly name: string;
  /** Absent when the package is new. */
  readonly from?: string;
  /** Absent when the package is gone. */
  readonly to?: string;
};

/** What became of the packages between two locks, by name: added, removed, another version or another content. Pure. */
export function diffLocks(before: Lock, after: Lock): LockChange[] {
  const old = new Map(before.packages.map((entry) => [entry.name, entry]));
  const changes: LockChange[] = [];
  for (const { name, version, sha256 } of after.packages) {
    const was = old.get(name);
    old.delete(name);
    if (was === undefined) changes.push({ name, to: version });
    else if (was.version !== version || was.sha256 !== sha256) changes.push({ name, from: was.version, to: version });
  }
  for (const { name, version } of old.values()) changes.push({ name, from: version });
  return changes.sort(byName);
}

/** One line for people: `curl 8.14.1-2 -> 8.14.1-3`, `jq added (1.7.1)`, `nano removed (8.4)`. Pure. */
export function describeChange({ name, from, to }: LockChange): string {
  if (from === undefined) return `${name} added (${to ?? ""})`;
  return to === undefined ? `${name} removed (${from})` : `${name} ${from} -> ${to}`;
}
