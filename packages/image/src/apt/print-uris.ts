import type { LockedPackage } from "./lock.ts";
import { archiveUri, type Mirror } from "./mirror.ts";

/**
 * Parses what `apt-get --print-uris` prints with SHA-256 forced. Pure.
 * @throws Error for a package without a SHA-256 or from elsewhere than the mirror: neither can be locked
 */
export function parsePrintedUris(text: string, mirror: Mirror): LockedPackage[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("'")) return [];
    const match = /^'([^']+)' (\S+)_(\S+)_([a-z0-9]+)\.deb (\d+) SHA256:([0-9a-f]{64})$/.exec(line);
    const [, uri, name, version, arch, size, sha256] = match ?? [];
    if (!uri || !name || !version || !arch || !size || !sha256) throw new Error(`apt printed: ${line}`);
    const archive = (["debian", "debian-security"] as const).find((each) =>
      uri.startsWith(`${archiveUri(mirror, each)}/`),
    );
    if (archive === undefined) throw new Error(`${uri} is not below the mirror`);
    return {
      name,
      version: decodeURIComponent(version),
      arch,
      sha256,
      size: Number(size),
      path: decodeURIComponent(uri.slice(archiveUri(mirror, archive).length + 1)),
      archive,
    };
  });
}
