import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { run } from "../process/run.ts";
import { type Mirror, mirrorFromSetting } from "./mirror.ts";
import { suites } from "./package-lists.ts";

export type LocalPackage = {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  /** Path below the root -> content. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** Maintainer scripts by name: `postinst`. */
  readonly scripts?: Readonly<Record<string, string>>;
};

/**
 * A small unsigned Debian archive on the loopback interface, for tests of what happens when the real one changes or
 * fails.
 */
export type LocalMirror = AsyncDisposable & {
  readonly mirror: Mirror;
  /** What HOLDFAST_MIRROR must be to use it. */
  readonly setting: string;
  /** Replaces everything that the archive has. */
  readonly publish: (packages: readonly LocalPackage[]) => Promise<void>;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  /** Stops answering: connections are refused. */
  readonly stop: () => Promise<void>;
};

/** Starts an archive that keeps its files in `directory`. Needs dpkg-deb. */
export async function startLocalMirror(directory: string): Promise<LocalMirror> {
  const requests: string[] = [];
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    requests.push(name);
    readFile(path.join(directory, name)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the mirror has no port");
  const setting = `[trusted=yes] http://127.0.0.1:${address.port}/debian`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  const publish = (packages: readonly LocalPackage[]): Promise<void> => publishAll(directory, packages);
  return { mirror: mirrorFromSetting(setting), setting, publish, requests, stop, [Symbol.asyncDispose]: stop };
}

async function publishAll(directory: string, packages: readonly LocalPackage[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  const stanzas = await Promise.all(packages.map((each) => addPackage(directory, each)));
  for (const suite of suites) {
    const archive = suite.endsWith("-security") ? "debian-security" : "debian";
    const text = suite === suites[0] ? stanzas.join("\n") : "";
    await addSuite(path.join(directory, archive, "dists", suite), suite, text);
  }
}

async function addPackage(
  directory: string,
  { name, version, depends, files, scripts }: LocalPackage,
): Promise<string> {
  const tree = path.join(directory, "work", name);
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: amd64",
    "Maintainer: nobody <nobody@example.com>",
    ...(depends === undefined ? [] : [`Depends: ${depends}`]),
    "Description: test",
  ].join("\n");
  for (const [file, content] of Object.entries({ ...files, "DEBIAN/control": `${control}\n` })) {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true, mode: 0o755 });
    await writeFile(path.join(tree, file), content);
  }
  for (const [script, text] of Object.entries(scripts ?? {}))
    await writeFile(path.join(tree, "DEBIAN", script), text, { mode: 0o755 });
  const place = `pool/main/${name}_${version.replace(/^\d+:/, "")}_amd64.deb`;
  const deb = path.join(directory, "debian", place);
  await mkdir(path.dirname(deb), { recursive: true });
  await run(["dpkg-deb", "--build", "--root-owner-group", tree, deb]);
  const bytes = await readFile(deb);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return `${control}\nFilename: ${place}\nSize: ${bytes.length}\nSHA256: ${sha256}\n`;
}

async function addSuite(directory: string, suite: string, packages: string): Promise<void> {
  const lists = ["main", "non-free-firmware"].flatMap((component) =>
    ["amd64", "arm64"].map((arch) => ({
      name: `${component}/binary-${arch}/Packages`,
      text: component === "main" && arch === "amd64" ? packages : "",
    })),
  );
  const hashes = lists.map(({ name, text }) => {
    return ` ${createHash("sha256").update(text).digest("hex")} ${Buffer.byteLength(text)} ${name}`;
  });
  for (const { name, text } of lists) {
    await mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await writeFile(path.join(directory, name), text);
  }
  const head = `Origin: Debian\nSuite: ${suite}\nCodename: ${suite}\nArchitectures: amd64 arm64\nComponents: main non-free-firmware`;
  await writeFile(path.join(directory, "Release"), `${head}\nSHA256:\n${hashes.join("\n")}\n`);
}
