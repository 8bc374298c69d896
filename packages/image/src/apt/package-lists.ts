import { mkdir, readdir, statfs, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Architecture, mib, minutes, type Progress, refuse, worldError } from "@holdfast/contracts";
import { buildOnce, prune } from "../cache/build-once.ts";
import { keyOf } from "../cache/canonical-json.ts";
import { reportDiskFull } from "../cache/disk-full.ts";
import { ProgramFailed, reproducibleEnv, run } from "../process/run.ts";
import type { Mirror } from "./mirror.ts";

/** The suites of one Debian release, and the archive that each is in. */
export const suites = ["trixie", "trixie-updates", "trixie-security"] as const;
const COMPONENTS = "main non-free-firmware";
/** Lists of all suites, packed and unpacked, are 70 MB. */
const LISTS_ROOM = mib(100);
/** For lists over a slow line; apt itself gives up on a silent one much earlier. */
const UPDATE_LIMIT = minutes(10);
const keyrings = path.resolve(import.meta.dirname, "../../keyrings");

export type ListsRequest = {
  readonly arch: Architecture;
  readonly cache: string;
  readonly mirror: Mirror;
  /** Download fresh lists although some are there. */
  readonly update: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
};

/**
 * A private apt state (lists, empty package status, own configuration) for one architecture; returns its directory.
 * Each update makes a new one beside the former, so that concurrent resolutions never see half of one.
 * @throws `image.mirror-unreachable`, `image.untrusted-mirror`, `image.disk-full`
 */
export async function packageLists(request: ListsRequest): Promise<string> {
  const { arch, cache, mirror } = request;
  const parent = path.join(cache, "apt", `${arch}-${keyOf({ mirror, suites, COMPONENTS }).slice(0, 12)}`);
  const newest = (await readdir(parent).catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .sort()
    .at(-1);
  if (newest !== undefined && !request.update) return path.join(parent, newest);
  const directory = path.join(parent, String(Date.now()).padStart(15, "0"));
  await requireRoom(cache);
  const step = request.progress.start(`package lists (${arch})`);
  try {
    await buildOnce(directory, (temporary) => download(temporary, directory, request));
    await prune(parent, { count: 2 });
  } finally {
    step.end();
  }
  return directory;
}

/** apt-get waits for ever when the disk fills up while it downloads lists; so it is not even started then. */
async function requireRoom(cache: string): Promise<void> {
  await reportDiskFull(cache, async () => {
    await mkdir(cache, { recursive: true });
    const { bavail, bsize } = await statfs(cache);
    if (bavail * bsize >= LISTS_ROOM) return;
    throw Object.assign(new Error(`${bavail * bsize} bytes are left, package lists need ${LISTS_ROOM}`), {
      code: "ENOSPC",
    });
  });
}

/** apt-get with a state of ours; the machine's own configuration, hooks and package status are not read. */
export async function aptGet(
  state: string,
  args: readonly string[],
  signal?: AbortSignal,
  wrapper: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...reproducibleEnv, APT_CONFIG: path.join(state, "apt.conf") };
  try {
    const [program = "apt-get", ...rest] = [...wrapper, "apt-get", ...args];
    return await run([program, ...rest], { env, ...(signal === undefined ? {} : { signal }) });
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT")) throw thrown;
    return refuse("image.missing-program", {
      message: "apt-get is not installed on this machine.",
      hint: "Packages can be resolved on Debian and its derivatives only; a build from a lock and a warm cache works without.",
    });
  }
}

async function download(temporary: string, final: string, request: ListsRequest): Promise<void> {
  const { arch, mirror } = request;
  for (const folder of ["lists/partial", "archives/partial", "etc/parts", "etc/preferences.d", "etc/sources.list.d"])
    await mkdir(path.join(temporary, folder), { recursive: true });
  await writeFile(path.join(temporary, "status"), "");
  await writeFile(path.join(temporary, "etc/sources.list"), sourcesList(mirror));
  const configFile = path.join(temporary, "apt.conf");
  await writeFile(configFile, aptConfig(temporary, arch, mirror));
  const limit = AbortSignal.timeout(UPDATE_LIMIT);
  try {
    await aptGet(temporary, ["update", "--error-on=any"], AbortSignal.any([limit, request.signal ?? limit]));
  } catch (thrown) {
    if (thrown instanceof ProgramFailed) throw updateError(thrown.stderr, mirror, thrown);
    throw limit.aborted ? updateError("E: it takes too long", mirror, thrown) : thrown;
  }
  // Complete only with this name, which apt will look below from now on.
  await writeFile(configFile, aptConfig(final, arch, mirror));
}

function updateError(stderr: string, mirror: Mirror, cause: unknown): Error {
  const lines = stderr.split("\n").filter((line) => /^[EW]: /.test(line));
  const text = lines.slice(0, 3).join(" ");
  if (/not signed|NO_PUBKEY|GPG error|signature/i.test(stderr)) {
    return worldError("image.untrusted-mirror", {
      message: `The package lists of ${mirror.debian} are not signed by Debian's keys: ${text}`,
      hint: 'Check the clock and the mirror; for a mirror of your own write HOLDFAST_MIRROR="[trusted=yes] URI".',
      cause,
    });
  }
  return worldError("image.mirror-unreachable", {
    message: `The package lists could not be read from ${mirror.debian}: ${text}`,
    hint: "Check the network, or name another mirror with HOLDFAST_MIRROR.",
    cause,
  });
}

function sourcesList(mirror: Mirror): string {
  const options = mirror.trusted ? "[trusted=yes] " : "";
  return suites
    .map((suite) => {
      const uri = suite.endsWith("-security") ? mirror.security : mirror.debian;
      return `deb ${options}${uri} ${suite} ${COMPONENTS}\n`;
    })
    .join("");
}

function aptConfig(state: string, arch: Architecture, mirror: Mirror): string {
  const settings: readonly (readonly [string, string])[] = [
    ["Dir", state],
    ["Dir::State", state],
    ["Dir::State::status", path.join(state, "status")],
    ["Dir::State::lists", path.join(state, "lists")],
    ["Dir::Cache", state],
    ["Dir::Cache::archives", path.join(state, "archives")],
    // In memory: concurrent resolutions would write the same cache files.
    ["Dir::Cache::pkgcache", ""],
    ["Dir::Cache::srcpkgcache", ""],
    ["Dir::Etc", path.join(state, "etc")],
    ["Dir::Etc::Parts", path.join(state, "etc/parts")],
    ["Dir::Etc::TrustedParts", keyrings],
    ["Dir::Log", state],
    ["APT::Architecture", arch],
    ["APT::Install-Recommends", "false"],
    ["APT::Install-Suggests", "false"],
    // The state is ours, and possibly below a home directory that apt's own user cannot read.
    ["APT::Sandbox::User", "root"],
    ["Acquire::Languages", "none"],
    ["Acquire::ForceHash", "SHA256"],
    ["Acquire::Retries", "1"],
    ["Acquire::http::Timeout", "20"],
    ["Acquire::https::Timeout", "20"],
    // The operator's proxies, which cannot serve a mirror on this machine.
    ...["127.0.0.1", "localhost"].map((host) => [`Acquire::http::Proxy::${host}`, "DIRECT"] as const),
    ...Object.entries(mirror.proxies).map(([scheme, uri]) => [`Acquire::${scheme}::Proxy`, uri] as const),
    ["Debug::NoLocking", "true"],
  ];
  const lines = settings.map(([name, value]) => `${name} "${value}";\n`);
  return `${lines.join("")}#clear APT::Architectures;\nAPT::Architectures { "${arch}"; };\n`;
}
