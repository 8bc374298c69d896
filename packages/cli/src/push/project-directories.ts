import path from "node:path";
import { contextTree, readComposeProject } from "@holdfast/image";

/** The directories in which a change may change what a push sends: the project's own, and all below its build contexts. */
export async function projectDirectories(directory: string): Promise<ReadonlySet<string>> {
  const found = new Set([path.resolve(directory)]);
  const { services } = await readComposeProject(directory);
  for (const { source } of services) {
    if ("image" in source) continue;
    const root = path.resolve(directory, source.build.context);
    found.add(root);
    for (const [below, { type }] of await contextTree(root, source.build.dockerfile)) {
      if (type === "directory") found.add(path.join(root, below));
    }
  }
  return found;
}
