import path from "node:path";

/** A path as people want to read it: relative below the current directory, absolute elsewhere. */
export function formatPath(file: string, directory = process.cwd()): string {
  const relative = path.relative(directory, file);
  return relative === "" || relative.startsWith("..") ? path.resolve(directory, file) : relative;
}
