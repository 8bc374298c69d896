import { writeFile } from "node:fs/promises";
import path from "node:path";
import { repositoryRoot } from "../repository-root.ts";
import { generatedFiles } from "./generated-files.ts";

for (const [file, render] of Object.entries(generatedFiles)) {
  await writeFile(path.join(repositoryRoot, file), await render());
  process.stdout.write(`${file}\n`);
}
