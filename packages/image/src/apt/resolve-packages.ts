import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Architecture, nearestName, type Progress, refuse, silentProgress } from "@holdfast/contracts";
import { ProgramFailed } from "../process/run.ts";
import type { Lock, LockedPackage } from "./lock.ts";
import type { Mirror } from "./mirror.ts";
import { aptGet, packageLists, suites } from "./package-lists.ts";
import { parsePrintedUris } from "./print-uris.ts";

export type ResolveRequest = {
  readonly arch: Architecture;
  readonly requested: readonly string[];
  readonly cache: string;
  readonly mirror: Mirror;
  /** Download fresh package lists first; otherwise only when there are none. */
  readonly update?: boolean;
  /** Versions to keep wherever the mirror still has them. */
  readonly prefer?: readonly LockedPackage[];
  /** package -> who asks for it ("layer network"), for messages. */
  readonly requestedBy?: ReadonlyMap<string, string>;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

/**
 * The closure of the wanted packages for an architecture, without recommended ones, as apt computes it on an empty
 * system. The build machine's own packages play no part and are not touched.
 * @throws `image.unknown-package`, `image.unresolvable-packages`, `image.mirror-unreachable`, `image.untrusted-mirror`
 */
export async function resolvePackages(request: ResolveRequest): Promise<Lock> {
  const requested = [...new Set(request.requested)].sort();
  const { arch, cache, mirror, signal, progress = silentProgress } = request;
  const lists = { arch, cache, mirror, progress, ...(signal === undefined ? {} : { signal }) };
  const state = await packageLists({ ...lists, update: request.update ?? false });
  const printed = await printUris(state, requested, request);
  const packages = parsePrintedUris(printed, mirror).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { version: 1, arch, suites: [...suites], requested, packages };
}

async function printUris(state: string, requested: readonly string[], request: ResolveRequest): Promise<string> {
  const install = ["install", "-qq", "-y", "--print-uris", ...requested];
  if (request.prefer === undefined) return aptInstall(state, install, request);
  const pins = path.join(state, `etc/pins-${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(pins, request.prefer.map(pin).join("\n"));
    const pinned = await aptGet(state, ["-o", `Dir::Etc::Preferences=${pins}`, ...install], request.signal).catch(
      (thrown: unknown) => {
        if (thrown instanceof ProgramFailed) return undefined;
        throw thrown;
      },
    );
    // A newer dependant can need a newer dependency: then nothing is held back.
    return pinned?.stdout ?? (await aptInstall(state, install, request));
  } finally {
    await rm(pins, { force: true });
  }
}

const pin = ({ name, version }: LockedPackage): string =>
  `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`;

async function aptInstall(state: string, install: readonly string[], request: ResolveRequest): Promise<string> {
  try {
    return (await aptGet(state, install, request.signal)).stdout;
  } catch (thrown) {
    if (!(thrown instanceof ProgramFailed)) throw thrown;
    const reasons = await aptReasons(state, install, request.signal);
    const unknown = unknownPackages(thrown.stderr);
    if (unknown.length > 0) refuseUnknown(unknown, await knownNames(state, unknown, request.signal), request, thrown);
    return refuse("image.unresolvable-packages", {
      message: `The packages cannot be installed together on ${request.arch}: ${unmetDependencies(reasons) || thrown.stderr.trim()}`,
      hint: "Remove one of the conflicting packages from its layer.",
      cause: thrown,
    });
  }
}

/** apt tells which dependencies cannot be met on its standard output only. */
async function aptReasons(state: string, install: readonly string[], signal?: AbortSignal): Promise<string> {
  const again = aptGet(
    state,
    install.filter((word) => word !== "-qq"),
    signal,
    ["sh", "-c", 'exec "$@" >&2', "sh"],
  );
  return again.then(
    () => "",
    (thrown: unknown) => (thrown instanceof ProgramFailed ? thrown.stderr : ""),
  );
}

function refuseUnknown(
  unknown: readonly string[],
  known: readonly string[],
  { arch, requestedBy }: ResolveRequest,
  cause: ProgramFailed,
): never {
  const named = unknown.map((name) => {
    const by = requestedBy?.get(name);
    return by === undefined ? name : `${name} (asked for by ${by})`;
  });
  const near = unknown.map((name) => nearestName(name, known)).filter((name) => name !== undefined);
  return refuse("image.unknown-package", {
    message: `Debian trixie has no package ${named.join(", ")} for ${arch}.`,
    hint: near.length > 0 ? `Did you mean ${near.join(", ")}?` : "Correct the name, or remove it from the layer.",
    cause,
  });
}

/** Names worth comparing with the unknown ones: with the same first letter, of which Debian has some thousand. */
async function knownNames(state: string, unknown: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const initials = new Set(unknown.map((name) => name[0]));
  const { stdout } = await aptGet(state, ["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"], signal);
  const names = new Set<string>();
  for (const file of stdout.split("\n").filter((line) => line !== "")) {
    const text = await readFile(file, "utf8").catch(() => "");
    for (const [, name = ""] of text.matchAll(/^Package: (\S+)$/gm)) if (initials.has(name[0])) names.add(name);
  }
  return [...names];
}

/** The part of what apt says that names packages: `app : Depends: libgone (>= 2) but it is not installable`. Pure. */
export function unmetDependencies(text: string): string {
  const lines = text.split("\n").filter((line) => / : (Pre)?(Depends|Conflicts|Breaks): |^ {4,}\S.*: /.test(line));
  return lines.map((line) => line.trim().replace(/\s+/g, " ")).join("; ");
}

/** Names that apt does not know, from what it says. Pure. */
export function unknownPackages(stderr: string): string[] {
  const patterns = [/Unable to locate package (\S+)/g, /Package '?([^\s']+)'? has no installation candidate/g];
  return [...new Set(patterns.flatMap((pattern) => [...stderr.matchAll(pattern)].map((match) => match[1] ?? "")))];
}
