import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../repository-root.ts";

const packageSchema = z.object({ version: z.string() });

/** The version of this checkout, from the root's package.json. */
export async function holdfastVersion(): Promise<string> {
  const text = await readFile(path.join(repositoryRoot, "package.json"), "utf8");
  return packageSchema.parse(JSON.parse(text)).version;
}
