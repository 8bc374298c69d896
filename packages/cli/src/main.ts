import { enableCompileCache } from "node:module";
import path from "node:path";

// Before anything else is imported: compiled sources are kept beside the packages, so that a second start is instant.
enableCompileCache(path.resolve(import.meta.dirname, "../../../node_modules/.cache/holdfast-compile"));
const { main } = await import("./command/main.ts");
await main(process.argv.slice(2));
