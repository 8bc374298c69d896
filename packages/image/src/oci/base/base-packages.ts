/**
 * What `debian:trixie-slim` is made of: Debian's essential packages and apt with its keyring; apt's resolver adds what
 * they need. `perl-base` is essential: maintainer scripts use it.
 */
export const basePackages: readonly string[] = [
  "apt",
  "base-files",
  "base-passwd",
  "bash",
  "bsdutils",
  "coreutils",
  "dash",
  "debian-archive-keyring",
  "debianutils",
  "diffutils",
  "dpkg",
  "findutils",
  "grep",
  "gzip",
  "hostname",
  "init-system-helpers",
  "libc-bin",
  "login",
  "mawk",
  "mount",
  "ncurses-base",
  "ncurses-bin",
  "passwd",
  "perl-base",
  "sed",
  "sysvinit-utils",
  "tar",
  "tzdata",
  "util-linux",
];

/** The same paths that Debian's slim images leave out, now and in later installations (dpkg reads them from a file). */
export const slimExcludes: readonly string[] = [
  "/usr/share/doc/*",
  "/usr/share/info/*",
  "/usr/share/linda/*",
  "/usr/share/lintian/overrides/*",
  "/usr/share/locale/*",
  "/usr/share/man/*",
];
/** Licences stay. */
export const slimIncludes: readonly string[] = ["/usr/share/doc/*/copyright"];

/** Whether a slim image holds a path (without leading slash). */
export function isInSlim(path: string): boolean {
  const covers = (pattern: string): boolean => {
    const [before = "", after = ""] = pattern.slice(1).split("*");
    return path.startsWith(before) && path.length > before.length && path.endsWith(after);
  };
  return !slimExcludes.some(covers) || slimIncludes.some(covers);
}
