import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { refuse } from "@holdfast/contracts";
import { build } from "esbuild";
import * as z from "zod";
import { openApiDocument } from "./api/open-api/open-api-document.ts";
import { type NodeStart, nodeStart } from "./node-start.ts";

/** The supervisor as the files of its container image, to lie in one directory. */
export type SupervisorBundle = {
  readonly version: string;
  /** `supervisor.js` (the entry, a script), `package.json`, and the device API as `openapi.json`. */
  readonly files: Readonly<Record<"supervisor.js" | "package.json" | "openapi.json", Uint8Array>>;
  readonly start: NodeStart;
};

/** Every byte is read into memory at each start. */
const MAX_BUNDLE_BYTES = 1.5 * 1024 * 1024;
const packageJson = z.object({ version: z.string() });

/**
 * Bundles the supervisor into one CommonJS script without dependencies. The same sources give the same bytes.
 * @throws HoldfastError `supervisor.bundle-too-big`
 */
export async function buildSupervisorBundle(options: { readonly version?: string } = {}): Promise<SupervisorBundle> {
  const own = packageJson.parse(JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")));
  const version = options.version ?? own.version;
  const result = await build({
    entryPoints: [fileURLToPath(new URL("./main.ts", import.meta.url))],
    // Names of source files go into the bundle's comments; relative to here they are the same on every machine.
    absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
    bundle: true,
    write: false,
    platform: "node",
    target: "node24",
    // An ES module that imports node:http reads all that it exports, WebSocket among it, and that loads all of Node's fetch.
    format: "cjs",
    define: { "import.meta.dirname": "__dirname" },
    // Names stay as they are: stack traces tell them, and keeping shortened ones readable costs more memory.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    logLevel: "silent",
    // zod is imported as a namespace (`import * as z`) everywhere: only so can esbuild drop what is not used. With
    // `import { z }` the bundle is twice as large and the process 6 MB heavier.
  });
  const code = result.outputFiles[0]?.contents ?? new Uint8Array();
  if (code.length > MAX_BUNDLE_BYTES) {
    refuse("supervisor.bundle-too-big", {
      message: `The supervisor's bundle has ${code.length} bytes; ${MAX_BUNDLE_BYTES} are allowed.`,
      hint: "See what grew with esbuild's --metafile.",
    });
  }
  const manifest = { name: "holdfast-supervisor", version, type: "commonjs" };
  const json = (value: object): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  const files = {
    "supervisor.js": code,
    "package.json": json(manifest),
    "openapi.json": json(openApiDocument(version)),
  };
  return { version, files, start: nodeStart };
}
