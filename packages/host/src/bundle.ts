import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const programsFolder = fileURLToPath(new URL("./qjs/programs/", import.meta.url));

/**
 * The programs that run inside the OS, each as one ES module for QuickJS: name -> bytes. The same sources give the same
 * bytes on every machine. They belong at /usr/lib/holdfast/<name>.js and are run as `qjs --std -m FILE`.
 */
export async function bundleHostPrograms(): Promise<Map<string, Uint8Array>> {
  const sources = (await readdir(programsFolder)).filter((name) => name.endsWith(".ts")).sort();
  const { outputFiles } = await build({
    entryPoints: sources.map((name) => programsFolder + name),
    absWorkingDir: programsFolder,
    outdir: programsFolder,
    write: false,
    bundle: true,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    // Names stay readable in stack traces of the journal; only blanks go, which halves the time to parse.
    minifyWhitespace: true,
    minifySyntax: true,
    charset: "utf8",
    legalComments: "none",
  });
  const byName = outputFiles.map((file): [string, Uint8Array] => [
    file.path.slice(file.path.lastIndexOf("/") + 1).replace(/\.js$/, ""),
    file.contents,
  ]);
  return new Map(byName.sort(([a], [b]) => (a < b ? -1 : 1)));
}
