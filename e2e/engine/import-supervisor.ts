import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { buildSupervisorBundle } from "@holdfast/supervisor";
import { pack } from "tar-stream";
import type { PrivateEngine } from "./private-engine.ts";

/**
 * Imports an image with this machine's Node, its libraries and the supervisor's bundle, laid out as a device's; returns its
 * id. It stands for the one that an image build makes, which takes minutes.
 */
export async function importSupervisor(engine: PrivateEngine): Promise<string> {
  const archive = pack();
  const known = new Set<string>();
  const put = (path: string, content: Buffer, mode: number): void => {
    const folders = dirname(path).split("/");
    for (let depth = 1; depth <= folders.length; depth += 1) {
      const name = folders.slice(0, depth).join("/");
      if (!known.has(name)) archive.entry({ name, type: "directory" });
      known.add(name);
    }
    archive.entry({ name: path, mode }, content);
  };
  put("usr/bin/node", readFileSync(process.execPath), 0o755);
  for (const [, library = ""] of execFileSync("ldd", [process.execPath], { encoding: "utf8" }).matchAll(/(\/\S+) \(/g))
    put(library.slice(1), readFileSync(library), 0o755);
  const { files } = await buildSupervisorBundle();
  for (const [name, content] of Object.entries(files)) put(`usr/src/app/${name}`, Buffer.from(content), 0o644);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  const query = new URLSearchParams({ fromSrc: "-", repo: "test/supervisor", tag: "1" });
  await engine.client.call("POST", `/images/create?${query}`, Buffer.concat(chunks));
  const { Id } = (await engine.client.call("GET", "/images/test/supervisor:1/json")) as { readonly Id: string };
  return Id;
}
