import { spawn } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import type { Step } from "@holdfast/contracts";
import { debPath } from "../apt/deb-cache.ts";
import type { LockedPackage } from "../apt/lock.ts";
import { reproducibleEnv, run } from "../process/run.ts";
import { leftOut } from "./tool-packages.ts";

/**
 * Unpacks packages into one usr-merged directory, owned by whoever calls: no scripts, no set-user-id bits, no
 * documentation.
 */
export async function unpackTree(
  root: string,
  packages: readonly LockedPackage[],
  options: { readonly cache: string; readonly step: Step; readonly signal?: AbortSignal },
): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(path.join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, path.join(root, name));
  }
  // base-files brings the same links; it goes first because replacing them while others unpack through them would race.
  const order = [...packages].sort((a, b) => Number(b.name === "base-files") - Number(a.name === "base-files"));
  let next = 0;
  let done = 0;
  const unpackNext = async (): Promise<void> => {
    const entry = order[next++];
    if (entry === undefined) return;
    options.signal?.throwIfAborted();
    await unpackOne(debPath(options.cache, entry.sha256), root, options.signal);
    options.step.update(++done, order.length, entry.name);
  };
  await unpackNext();
  const worker = async (): Promise<void> => {
    while (next < order.length) await unpackNext();
  };
  const workers = Array.from({ length: availableParallelism() }, () => worker());
  try {
    await Promise.all(workers);
  } finally {
    next = order.length;
    await Promise.allSettled(workers);
  }
  await run(["find", root, "-xdev", "-type", "f", "-perm", "/6000", "-exec", "chmod", "ug-s", "{}", "+"]);
}

/** dpkg-deb's tar goes to tar through a pipe of the kernel, not through this process. */
async function unpackOne(deb: string, root: string, signal?: AbortSignal): Promise<void> {
  const options = { env: reproducibleEnv, ...(signal === undefined ? {} : { signal }) };
  const reader = spawn("dpkg-deb", ["--fsys-tarfile", deb], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const excludes = leftOut.map((pattern) => `--exclude=${pattern}`);
  const writer = spawn(
    "tar",
    ["-x", "-p", "--no-same-owner", "--keep-directory-symlink", "--warning=no-timestamp", ...excludes, "-C", root],
    { ...options, stdio: [reader.stdout, "ignore", "pipe"] },
  );
  // The writer has the pipe's end now; this process must not keep it open, or the reader would never see it close.
  reader.stdout.destroy();
  let errors = "";
  for (const child of [reader, writer]) child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [read, written] = await Promise.all([reader, writer].map(ended));
  if (read !== 0 || written !== 0) throw new Error(`unpacking ${deb}: ${errors.trim() || `${read}, ${written}`}`);
}

function ended(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code));
  });
}
