import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "@holdfast/contracts";
import { passingBlocksOf } from "../pack/archive/stream-contents.ts";
import { type Content, contentOf, type Entry, type Tree } from "../tree/entry.ts";
import { readContent } from "../tree/read-content.ts";
import type { Digest } from "./digest.ts";
import { makeImage } from "./image-config.ts";
import { writeLayer } from "./image-layer.ts";
import { writeArchive } from "./write-archive.ts";

/** Debian packages whose libraries Node is linked with, and one program; nothing else of Debian is in the image. */
export const supervisorPackages = ["libc6", "libgcc-s1", "libstdc++6", "ca-certificates", "coreutils"] as const;
/** Test harnesses learn the version by `exec balena_supervisor cat package.json`. */
const CAT = "usr/bin/cat";

const TRIPLETS: Readonly<Record<Architecture, string>> = { amd64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };
/** What `readelf -d node` names as NEEDED, with what those need. */
const LIBRARIES = /^(ld-linux-.*|lib(c|dl|m|pthread|resolv|rt|nss_dns|nss_files|gcc_s|stdc\+\+)\.so\.[0-9.]+)$/;
const LOADER = /^usr\/lib(64)?\/ld-linux-[^/]+$/;
const CERTIFICATES = "usr/share/ca-certificates/mozilla/";
const APP = "usr/src/app";
/**
 * A release's archive lies in every slot, so bytes count. Level 12 gives 4 MB more for a tenth of the CPU time (5 s instead
 * of 56, once per version of Node): what a development build wants, the first of all most.
 */
const LEVELS = { small: 19, fast: 12 };
/**
 * Time of the files in the runtime layer, the day of trixie's release: with the release's own time, every release would
 * send, unpack and compress the same Node again.
 */
const RUNTIME_TIME = Date.UTC(2025, 7, 9) / 1000;

export type SupervisorPackage = {
  readonly name: string;
  readonly entries: readonly { readonly path: string; readonly entry: Entry }[];
};

/** What Node is started with: its environment and its flags. */
export type NodeStart = {
  readonly environment: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
};

export type SupervisorImageInput = {
  readonly architecture: Architecture;
  /** File name -> bytes, at least supervisor.js and package.json. */
  readonly bundle: Readonly<Record<string, Uint8Array>>;
  readonly start: NodeStart;
  readonly version: string;
  /** The stripped Node program for the architecture. */
  readonly node: string;
  readonly nodeSize: number;
  /** `supervisorPackages`, of the architecture. */
  readonly packages: readonly SupervisorPackage[];
  readonly epoch: number;
  readonly cache: string;
  /** `small` is the default. */
  readonly compression?: "small" | "fast";
  readonly signal?: AbortSignal;
};

/** supervisor.json in the slot: how the host recognises a whole supervisor image in the engine. */
export type SupervisorManifest = {
  readonly image: string;
  readonly id: Digest;
  readonly version: string;
  readonly diffIds: readonly Digest[];
  /** Absolute path in the image -> SHA-256, of each file without which the supervisor cannot start. */
  readonly files: Readonly<Record<string, string>>;
};

/**
 * Makes the supervisor's image and writes its archive to `file`. Two layers: what changes with Debian and Node, and the
 * program, so that a new supervisor is a small delta. Same input, same bytes.
 */
export async function writeSupervisorImage(input: SupervisorImageInput, file: string): Promise<SupervisorManifest> {
  const { architecture, version, epoch } = input;
  const image = `holdfast/supervisor:${version}`;
  const runtime = await runtimeTree(input);
  const app = appTree(input);
  const scratch = await mkdtemp(`${file}-layers-`);
  try {
    const layers = [
      { layer: await writeLayer(runtime, scratch, RUNTIME_TIME), createdBy: "holdfast: Debian's libraries, Node" },
      { layer: await writeLayer(app, scratch, epoch), createdBy: `holdfast: supervisor ${version}` },
    ];
    const made = makeImage({ architecture, epoch, tags: [image], layers, config: runConfig(input) });
    await writeArchive([made], file, {
      epoch,
      level: LEVELS[input.compression ?? "small"],
      cache: input.cache,
      ...(input.signal && { signal: input.signal }),
    });
    const diffIds = layers.map(({ layer }) => layer.diffId);
    return { image, id: made.id, version, diffIds, files: hashFiles([runtime, app]) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function runConfig({ version, start }: SupervisorImageInput) {
  return {
    Env: [
      "PATH=/usr/bin",
      ...Object.entries(start.environment).map(([name, value]) => `${name}=${value}`),
      "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
      `SUPERVISOR_VERSION=${version}`,
    ],
    Cmd: ["node", ...start.flags, `/${join(APP, "supervisor.js")}`],
    WorkingDir: `/${APP}`,
    Labels: { "io.holdfast.supervisor": version },
  };
}

const directory = (mode = 0o755): Entry => ({ type: "directory", mode, uid: 0, gid: 0 });
const link = (target: string): Entry => ({ type: "symlink", target, mode: 0o777, uid: 0, gid: 0 });
const file = (content: Content, mode = 0o644): Entry => ({ type: "file", content, mode, uid: 0, gid: 0 });

async function runtimeTree({ architecture, node, nodeSize, packages }: SupervisorImageInput): Promise<Tree> {
  const libraries = `usr/lib/${TRIPLETS[architecture]}`;
  const tree: Tree = new Map();
  for (const path of ["", "dev", "etc", "etc/ssl", "etc/ssl/certs", "proc", "root", "run", "sys", "usr", "usr/bin"])
    tree.set(path, directory());
  for (const path of ["usr/lib", "usr/lib64", libraries]) tree.set(path, directory());
  for (const name of ["bin", "lib", "lib64"]) tree.set(name, link(`usr/${name}`));
  tree.set("tmp", directory(0o1777));
  tree.set("usr/bin/node", file({ kind: "range", file: node, offset: 0, size: nodeSize }, 0o755));
  tree.set("etc/passwd", file(contentOf("root:x:0:0:root:/root:/usr/sbin/nologin\n")));
  tree.set("etc/group", file(contentOf("root:x:0:\n")));
  tree.set("etc/nsswitch.conf", file(contentOf("passwd: files\ngroup: files\nhosts: files dns\n")));
  // Makes the bottom layer this image's own: the engine could not replace a layer that other images share.
  tree.set("etc/os-release", file(contentOf('ID=holdfast-supervisor\nNAME="Holdfast supervisor"\nID_LIKE=debian\n')));
  const certificates: { readonly path: string; readonly content: Content }[] = [];
  for (const { path, entry } of packages.flatMap(({ entries }) => entries)) {
    const name = path.startsWith(`${libraries}/`) ? path.slice(libraries.length + 1) : undefined;
    if ((name !== undefined && LIBRARIES.test(name)) || LOADER.test(path) || path === CAT) tree.set(path, entry);
    if (entry.type === "file" && path.startsWith(CERTIFICATES)) certificates.push({ path, content: entry.content });
  }
  certificates.sort((a, b) => (a.path < b.path ? -1 : 1));
  const bundle = Buffer.concat(await Promise.all(certificates.map(({ content }) => readContent(content))));
  tree.set("etc/ssl/certs/ca-certificates.crt", file({ kind: "bytes", bytes: bundle }));
  checkRuntime(tree, libraries);
  return tree;
}

/** A renamed library would otherwise show on the device only. */
function checkRuntime(tree: Tree, libraries: string): void {
  for (const name of ["libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libgcc_s.so.1", "libstdc++.so.6"]) {
    if (!tree.has(`${libraries}/${name}`)) throw new Error(`the supervisor's packages bring no ${libraries}/${name}`);
  }
  if (!tree.has(CAT)) throw new Error(`coreutils brings no ${CAT}`);
  if (![...tree.keys()].some((path) => LOADER.test(path))) throw new Error("libc6 brings no dynamic loader");
}

function appTree({ bundle, version }: SupervisorImageInput): Tree {
  const tree: Tree = new Map();
  for (const path of ["usr", "usr/src", APP]) tree.set(path, directory());
  for (const [name, bytes] of Object.entries(bundle)) tree.set(`${APP}/${name}`, file({ kind: "bytes", bytes }));
  for (const name of ["supervisor.js", "package.json"]) {
    if (!tree.has(`${APP}/${name}`)) throw new Error(`the bundle of supervisor ${version} lacks ${name}`);
  }
  return tree;
}

function hashFiles(trees: readonly Tree[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [path, entry] of trees.flatMap((tree) => [...tree])) {
    if (entry.type !== "file" || path.startsWith("etc/")) continue;
    const hash = createHash("sha256");
    for (const block of passingBlocksOf([entry.content])) hash.update(block);
    files[`/${path}`] = hash.digest("hex");
  }
  return files;
}
