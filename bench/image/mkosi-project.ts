import type { Mirror } from "@holdfast/image";
import { ESP, listOf, type MkosiFolders, type ProjectFiles, placesOf, sourcesOf } from "../mkosi/mkosi-folders.ts";

export type MkosiProject = {
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

/** Where the file that a rebuild changes lies in the image. */
export const MARKER = "usr/share/bench/marker";

/**
 * A mkosi project of the same packages: a bootable disk with a verity root as uncompressed erofs, systemd-boot and a
 * unified kernel image, the same kernel modules; mkosi's own defaults in all else. Pure.
 */
export function mkosiProject({ folders, mirror, contents, marker }: MkosiProject): ProjectFiles {
  return new Map([
    [`${folders.project}/mkosi.conf`, configuration(folders, mirror, contents)],
    [`${folders.project}/mkosi.repart/00-esp.conf`, ESP],
    [`${folders.project}/mkosi.repart/10-root.conf`, verityRoot],
    [`${folders.project}/mkosi.repart/20-root-verity.conf`, verityHashes],
    sourcesOf(folders, mirror),
    [`${folders.extra}/${MARKER}`, `${marker}\n`],
  ]);
}

function configuration(folders: MkosiFolders, mirror: Mirror, contents: MkosiContents): string {
  return `${placesOf(folders, mirror)}
[Content]
Bootable=yes
Bootloader=systemd-boot
WithDocs=no
WithRecommends=no
CleanPackageMetadata=yes
ExtraTrees=${folders.extra}
KernelModulesExclude=.*
KernelModulesInitrdExclude=.*
${listOf("KernelModulesInclude", contents.modules.map(modulePattern))}
${listOf("KernelModulesInitrdInclude", contents.initrdModules.map(modulePattern))}
${listOf("Packages", contents.packages)}
`;
}

/** mkosi takes regular expressions of paths below kernel/, where - and _ differ. Pure. */
export function modulePattern(module: string): string {
  const pattern = module
    .replace(/^kernel\//, "")
    .replaceAll(".", "\\.")
    .replaceAll("*", ".*")
    .replace(/[-_]/g, "[_-]");
  return module.includes("/") ? pattern : `/${pattern}\\.ko`;
}

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
