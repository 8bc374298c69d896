import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Mirror } from "@holdfast/image";

/** Absolute path -> text. */
export type ProjectFiles = ReadonlyMap<string, string>;

export type MkosiFolders = {
  readonly project: string;
  readonly extra: string;
  readonly sandbox: string;
  readonly output: string;
  readonly workspace: string;
  /** Cached trees of incremental builds. */
  readonly trees: string;
  /** Packages' files: kept between runs. */
  readonly packages: string;
};

/** The folders of a build below `home`; `packages` outlives it. mkosi refuses a workspace inside its project. Pure. */
export function mkosiFolders(home: string, packages: string): MkosiFolders {
  const below = (name: string): string => `${home}/${name}`;
  return {
    project: below("project"),
    extra: below("extra"),
    sandbox: below("sandbox"),
    output: below("output"),
    workspace: below("workspace"),
    trees: below("trees"),
    packages,
  };
}

/** Makes the folders that mkosi wants to exist, and writes a project into them. */
export async function writeProject(folders: MkosiFolders, files: ProjectFiles): Promise<void> {
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  for (const [file, text] of files) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** Where mkosi keeps packages' files between builds: fetching them takes long and is not what is measured. Pure. */
export const packageCache = (cache: string): string => `${cache}/bench/mkosi-packages`;

/** The sections of mkosi.conf that say where things are and come from; the same for each of our projects. Pure. */
export function placesOf(folders: MkosiFolders, mirror: Mirror): string {
  const proxy = mirror.proxies["http"];
  return `[Distribution]
Distribution=debian
Release=trixie
Architecture=x86-64
Mirror=${mirror.debian}

[Output]
Format=disk
Output=image
OutputDirectory=${folders.output}

[Build]
CacheDirectory=${folders.trees}
PackageCacheDirectory=${folders.packages}
WorkspaceDirectory=${folders.workspace}
SandboxTrees=${folders.sandbox}
ToolsTree=
BuildSources=
History=no
${proxy === undefined ? "" : `ProxyUrl=${proxy}\n`}`;
}

/** A setting of mkosi.conf with one value a line. Pure. */
export const listOf = (setting: string, values: readonly string[]): string =>
  [`${setting}=`, ...values.map((value) => `        ${value}`)].join("\n");

/** With a file of this name mkosi leaves apt's sources alone; its own would leave out the machine's mirrors. Pure. */
export function sourcesOf(folders: MkosiFolders, mirror: Mirror): readonly [string, string] {
  const trust = mirror.trusted ? "Trusted: yes" : "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg";
  const stanza = (uri: string, suites: string): string =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n${trust}\n`;
  const text = [stanza(mirror.debian, "trixie trixie-updates"), stanza(mirror.security, "trixie-security")].join("\n");
  return [`${folders.sandbox}/etc/apt/sources.list.d/mkosi.sources`, text];
}

/** A boot partition as large as mkosi makes it by default. */
export const ESP = `[Partition]
Type=esp
Format=vfat
CopyFiles=/efi:/
CopyFiles=/boot:/
SizeMinBytes=512M
SizeMaxBytes=512M
`;
