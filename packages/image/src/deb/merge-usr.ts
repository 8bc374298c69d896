import path from "node:path/posix";

const merged = new Set(["bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32"]);

/** The path on a usr-merged system: `bin/ls` -> `usr/bin/ls`. The links `bin`, `lib`, … themselves stay. Pure. */
export function mergeUsr(name: string, isDirectory: boolean): string {
  const slash = name.indexOf("/");
  const top = slash === -1 ? name : name.slice(0, slash);
  if (!merged.has(top) || (slash === -1 && !isDirectory)) return name;
  return `usr/${name}`;
}

/** A relative link target that means the same from the merged place as it did from the original one. Pure. */
export function mergeLinkTarget(target: string, from: string, to: string): string {
  if (from === to || target.startsWith("/") || !target.includes("..")) return target;
  const absolute = path.join("/", path.dirname(from), target);
  const place = mergeUsr(absolute.slice(1), true);
  return path.relative(path.join("/", path.dirname(to)), `/${place}`);
}
