import { readdir } from "node:fs/promises";
import path from "node:path";

const SUFFIX = ".bench.ts";

/** The benchmarks of this checkout: `image` for bench/image.bench.ts. */
export async function benchNames(root: string): Promise<string[]> {
  const files = await readdir(path.join(root, "bench"));
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}
