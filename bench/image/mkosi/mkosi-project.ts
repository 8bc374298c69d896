import type { Mirror } from "@holdfast/image";

export type MkosiProject = {
  /** Folder of the project; `mkosiFolders` lie beside it. */
  readonly folders: MkosiFolders;
  readonly mirror: Mirror;
  readonly contents: MkosiContents;
  /** Text of the one file that the project adds to the image. */
  readonly marker: string;
};

/** What goes into the image. */
export type MkosiContents = {
  readonly packages: readonly string[];
  /** Kernel modules of the root and of the initrd: names, or globs below kernel/. */
  readonly modules: readonly string[];
  readonly initrdModules: readonly string[];
};

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

/** The folders of a comparison below one of its own. mkosi refuses a workspace inside its project. Pure. */
export function mkosiFolders(home: string): MkosiFolders {
  const below = (name: string): string => `${home}/${name}`;
  return {
    project: below("project"),
    extra: below("extra"),
    sandbox: below("sandbox"),
    output: below("output"),
    workspace: below("workspace"),
    trees: below("trees"),
    packages: below("packages"),
  };
}

/** Where the file that a rebuild changes lies in the image. */
export const MARKER = "usr/share/bench/marker";

/**
 * A mkosi project of the same packages: a bootable disk with a verity root as uncompressed erofs, systemd-boot and a
 * unified kernel image, the same kernel modules; mkosi's own defaults in all else. Absolute path -> text. Pure.
 */
export function mkosiProject({ folders, mirror, contents, marker }: MkosiProject): ReadonlyMap<string, string> {
  return new Map([
    [`${folders.project}/mkosi.conf`, configuration(folders, mirror, contents)],
    [`${folders.project}/mkosi.repart/00-esp.conf`, esp],
    [`${folders.project}/mkosi.repart/10-root.conf`, verityRoot],
    [`${folders.project}/mkosi.repart/20-root-verity.conf`, verityHashes],
    // With a file of this name mkosi leaves the sources alone; its own would need keys in the tools tree's /etc.
    [`${folders.sandbox}/etc/apt/sources.list.d/mkosi.sources`, sources(mirror)],
    [`${folders.extra}/${MARKER}`, `${marker}\n`],
  ]);
}

function configuration(folders: MkosiFolders, mirror: Mirror, contents: MkosiContents): string {
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
${proxy === undefined ? "" : `ProxyUrl=${proxy}\n`}
[Content]
Bootable=yes
Bootloader=systemd-boot
WithDocs=no
WithRecommends=no
CleanPackageMetadata=yes
ExtraTrees=${folders.extra}
KernelModulesExclude=.*
KernelModulesInitrdExclude=.*
${list("KernelModulesInclude", contents.modules.map(modulePattern))}
${list("KernelModulesInitrdInclude", contents.initrdModules.map(modulePattern))}
${list("Packages", contents.packages)}
`;
}

const list = (setting: string, values: readonly string[]): string =>
  [`${setting}=`, ...values.map((value) => `        ${value}`)].join("\n");

/** mkosi takes regular expressions of paths below kernel/, where - and _ differ. Pure. */
export function modulePattern(module: string): string {
  const pattern = module
    .replace(/^kernel\//, "")
    .replaceAll(".", "\\.")
    .replaceAll("*", ".*")
    .replace(/[-_]/g, "[_-]");
  return module.includes("/") ? pattern : `/${pattern}\\.ko`;
}

/** As large as mkosi makes it by default. */
const esp = `[Partition]
Type=esp
Format=vfat
CopyFiles=/efi:/
CopyFiles=/boot:/
SizeMinBytes=512M
SizeMaxBytes=512M
`;

const verityRoot = `[Partition]
Type=root
Format=erofs
CopyFiles=/
Minimize=best
Verity=data
VerityMatchKey=root
`;

const verityHashes = `[Partition]
Type=root-verity
Verity=hash
VerityMatchKey=root
Minimize=best
`;

function sources(mirror: Mirror): string {
  const trust = mirror.trusted ? "Trusted: yes" : "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg";
  const stanza = (uri: string, suites: string): string =>
    `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: main\n${trust}\n`;
  return [stanza(mirror.debian, "trixie trixie-updates"), stanza(mirror.security, "trixie-security")].join("\n");
}
