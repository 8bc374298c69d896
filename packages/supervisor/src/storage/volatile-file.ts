import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Only root reads what the supervisor leaves in memory for itself and the host: keys and variables are in it. */
const MODE = 0o600;

/** Replaces a file in memory: who reads it sees the old or the new content. Nothing is flushed: a reboot forgets it. */
export async function writeVolatile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  await writeFile(temporary, content, { mode: MODE });
  // One that a killed process left keeps its mode.
  await chmod(temporary, MODE);
  await rename(temporary, path);
}
