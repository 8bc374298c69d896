/** Matches a path without leading slash against globs: `*` within a segment, `**` across segments. Pure. */
export function compileGlobs(globs: readonly string[]): (path: string) => boolean {
  if (globs.length === 0) return () => false;
  const pattern = new RegExp(`^(?:${globs.map(globSource).join("|")})$`);
  return (path) => pattern.test(path);
}

function globSource(glob: string): string {
  const bare = glob.startsWith("/") ? glob.slice(1) : glob;
  return bare
    .split(/(\*\*|\*)/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")))
    .join("");
}
