import { mkdtemp, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import {
  HoldfastError,
  messageOf,
  type Progress,
  silentProgress,
  type ToolCommand,
  worldError,
} from "@holdfast/contracts";
import { debPath, dropDeb } from "../apt/deb-cache.ts";
import { VERIFIED_TIME } from "../apt/download-file.ts";
import { reportDiskFull } from "../cache/disk-full.ts";
import { type ArMember, readArMembers } from "./ar-members.ts";
import { parseControl } from "./control.ts";
import { type DebEntry, type DebIndex, debEntries, indexMember } from "./deb-index.ts";
import { runToFile } from "./run-to-file.ts";
import { readTarHeaders } from "./tar-headers.ts";
import { Unxz } from "./unxz.ts";

/** With the size known, large packages are unpacked first, so that none is left over at the end. */
export type DebReference = { readonly name: string; readonly sha256: string; readonly size?: number };

/** A package, opened: its content stays in the cache's unpacked data.tar, which the entries refer to. */
export type Deb = {
  readonly name: string;
  readonly control: DebIndex["control"];
  readonly scripts: DebIndex["scripts"];
  readonly conffiles: readonly string[];
  readonly triggers: string | undefined;
  readonly entries: readonly DebEntry[];
};

export type OpenOptions = {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Brings a package into the cache anew; called once when the cached file turns out to be damaged. */
  readonly refetch?: (reference: DebReference) => Promise<void>;
};

/** Besides, what unpacks xz members; without it, and for other compressions, the machine's dpkg-deb does. */
type UnpackOptions = OpenOptions & { readonly unxz?: Pick<Unxz, "take"> | undefined };

/**
 * Opens a package of the cache, unpacking it beside itself the first time; a warm call reads one small file.
 * @throws `image.corrupt-deb` (the damaged file is removed from the cache), `image.disk-full`
 */
export async function openDeb(cache: string, reference: DebReference, options: UnpackOptions = {}): Promise<Deb> {
  const deb = debPath(cache, reference.sha256);
  const tar = deb.replace(/deb$/, "tar");
  const indexFile = deb.replace(/deb$/, "json");
  const index = (await readIndex(indexFile, tar)) ?? (await unpackOrRefetch(reference, cache, options));
  const { control, scripts, conffiles, triggers, members } = index;
  return { name: reference.name, control, scripts, conffiles, triggers, entries: debEntries(members, tar) };
}

/** Opens packages, unpacking as many at once as there are processors, with the given tools' xz. Same order as given. */
export async function openDebs(
  cache: string,
  references: readonly DebReference[],
  options: OpenOptions & { readonly tools?: ToolCommand } = {},
): Promise<Deb[]> {
  const opened: Deb[] = new Array(references.length);
  const step = (options.progress ?? silentProgress).start("unpack packages", "items");
  const order = [...references.entries()].sort(([, a], [, b]) => (b.size ?? 0) - (a.size ?? 0));
  let next = 0;
  let done = 0;
  const { tools, ...rest } = options;
  const worker = async (): Promise<void> => {
    await using unxz = tools === undefined ? undefined : new Unxz(tools, options.signal);
    for (let item = order[next++]; item !== undefined; item = order[next++]) {
      const [index, reference] = item;
      options.signal?.throwIfAborted();
      opened[index] = await openDeb(cache, reference, { ...rest, unxz });
      step.update(++done, order.length, reference.name);
    }
  };
  const workers = Array.from({ length: availableParallelism() }, () => worker());
  try {
    await Promise.all(workers);
  } finally {
    // On a failure the others stop at their next package.
    next = order.length;
    await Promise.allSettled(workers);
    step.end();
  }
  return opened;
}

/** The index, if it is there, of this format, and nothing wrote to its data.tar since. */
async function readIndex(indexFile: string, tar: string): Promise<DebIndex | undefined> {
  try {
    const stored: { index: DebIndex; tarSize: number } = JSON.parse(await readFile(indexFile, "utf8"));
    const status = await stat(tar);
    const untouched = status.size === stored.tarSize && status.mtimeMs === VERIFIED_TIME.getTime();
    return stored.index.version === 1 && untouched ? stored.index : undefined;
  } catch {
    return undefined;
  }
}

async function unpackOrRefetch(reference: DebReference, cache: string, options: OpenOptions): Promise<DebIndex> {
  try {
    return await reportDiskFull(cache, () => unpack(cache, reference, options));
  } catch (thrown) {
    options.signal?.throwIfAborted();
    if (thrown instanceof HoldfastError) throw thrown;
    // A missing dpkg-deb is not the package's fault.
    if (thrown instanceof Error && "syscall" in thrown && String(thrown.syscall).startsWith("spawn")) throw thrown;
    await dropDeb(cache, reference.sha256);
    if (options.refetch !== undefined) {
      await options.refetch(reference);
      const { refetch: _, ...once } = options;
      return unpackOrRefetch(reference, cache, once);
    }
    throw worldError("image.corrupt-deb", {
      message: `The cached package file of ${reference.name} is damaged or missing: ${messageOf(thrown)}.`,
      hint: "Run again: it was removed from the cache and will be downloaded anew.",
      cause: thrown,
    });
  }
}

const SCRIPTS = ["preinst", "postinst", "prerm", "postrm", "config"];

async function unpack(cache: string, { sha256 }: DebReference, options: UnpackOptions): Promise<DebIndex> {
  const deb = debPath(cache, sha256);
  const work = await mkdtemp(path.join(path.dirname(deb), ".unpacking-"));
  try {
    const dataTar = path.join(work, "data.tar");
    const controlTar = path.join(work, "control.tar");
    await unpackMembers(deb, { controlTar, dataTar }, options);
    const files = await readControlFiles(controlTar);
    const index: DebIndex = { version: 1, ...describe(files), members: readTarHeaders(dataTar).map(indexMember) };
    const indexFile = path.join(work, "index.json");
    {
      await using handle = await open(indexFile, "wx");
      await handle.writeFile(JSON.stringify({ index, tarSize: (await stat(dataTar)).size }));
    }
    await utimes(dataTar, VERIFIED_TIME, VERIFIED_TIME);
    // The index comes last: it vouches for the tar.
    await rename(dataTar, deb.replace(/deb$/, "tar"));
    await rename(indexFile, deb.replace(/deb$/, "json"));
    return index;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function unpackMembers(
  deb: string,
  { controlTar, dataTar }: { readonly controlTar: string; readonly dataTar: string },
  { unxz, signal }: UnpackOptions,
): Promise<void> {
  const members = unxz === undefined ? [] : await readArMembers(deb);
  const named = (name: string): ArMember | undefined => members.find((member) => member.name === name);
  const [control, data] = [named("control.tar.xz"), named("data.tar.xz")];
  if (unxz !== undefined && control !== undefined && data !== undefined && data === members.at(-1)) {
    await unxz.take(deb, [
      { offset: control.offset, output: controlTar },
      { offset: data.offset, output: dataTar },
    ]);
    return;
  }
  await Promise.all([
    runToFile(["dpkg-deb", "--fsys-tarfile", deb], dataTar, signal),
    runToFile(["dpkg-deb", "--ctrl-tarfile", deb], controlTar, signal),
  ]);
}

async function readControlFiles(controlTar: string): Promise<Map<string, string>> {
  const bytes = await readFile(controlTar);
  const files = readTarHeaders(controlTar).filter(({ type }) => type === "file");
  return new Map(files.map(({ path: name, offset, size }) => [name, bytes.toString("utf8", offset, offset + size)]));
}

function describe(files: ReadonlyMap<string, string>): Omit<DebIndex, "version" | "members"> {
  const scripts: Record<string, string> = {};
  for (const name of SCRIPTS) {
    const script = files.get(name);
    if (script !== undefined) scripts[name] = script;
  }
  const control = files.get("control");
  if (control === undefined) throw new Error("the package has no control file");
  const triggers = files.get("triggers");
  const conffiles = (files.get("conffiles") ?? "").split("\n").filter((line) => line !== "");
  return { control: parseControl(control), scripts, conffiles, ...(triggers === undefined ? {} : { triggers }) };
}
