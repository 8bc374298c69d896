import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Made by tools; paths from the root, and names that are skipped everywhere. */
const NOT_OURS = new Set(["build", ".git"]);
const NOWHERE_OURS = "node_modules";

/** Files of the checkout that people wrote, relative to its root. */
export async function listSources(root: string, below = ""): Promise<string[]> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true });
  const nested = entries
    .filter((entry) => entry.name !== NOWHERE_OURS && !NOT_OURS.has(path.join(below, entry.name)))
    .map(async (entry) => {
      const name = path.join(below, entry.name);
      return entry.isDirectory() ? await listSources(root, name) : [name];
    });
  return (await Promise.all(nested)).flat().sort();
}

export type Document = { readonly file: string; readonly text: string };

/** Every Markdown document of the checkout. */
export async function readDocuments(root: string): Promise<Document[]> {
  const files = (await listSources(root)).filter((file) => file.endsWith(".md"));
  return await Promise.all(files.map(async (file) => ({ file, text: await readFile(path.join(root, file), "utf8") })));
}

/** The lines of a document's ```sh blocks, without comments and prompts. */
export function shellLines(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap((match) => (match[1] ?? "").split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Targets of a document's relative links, without anchors. */
export function relativeLinks(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? "").replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));
}
