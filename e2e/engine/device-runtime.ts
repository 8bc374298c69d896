import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QuickJs } from "../host/quickjs.ts";

const layer = join(import.meta.dirname, "../../os/layers/engine/files/usr/lib/holdfast");

/**
 * The device's own runtime command beside the device's QuickJS and programs. `developmentFlag` stands for the file that
 * says on a device that it is in development mode. @returns its path
 */
export async function deviceRuntime(host: QuickJs, developmentFlag: string): Promise<string> {
  const script = await readFile(join(layer, "runtime"), "utf8");
  const file = join(host.folder, "runtime");
  const here = script
    .replaceAll("/run/holdfast/development", developmentFlag)
    .replaceAll("/usr/bin/qjs", `${host.folder}/qjs`);
  await writeFile(file, here);
  await chmod(file, 0o755);
  return file;
}
