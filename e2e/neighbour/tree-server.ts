import { createReadStream, existsSync } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { cacheRoot, findMirror, runTool, toolsTree } from "@holdfast/image";
import { listenOnLoopback } from "../machine/listen-on-loopback.ts";

/** A device under QEMU's user network reaches this machine's loopback under this address. */
export const TEST_MACHINE = "10.0.2.2";

/** The neighbour's tree of Debian packages in one archive; made once, then from the cache. */
async function archive(): Promise<string> {
  const cache = cacheRoot(process.env);
  const mirror = await findMirror(process.env);
  const [tree, tools] = [await toolsTree({ name: "neighbour", cache, mirror }), await toolsTree({ cache, mirror })];
  const file = join(cache, "e2e", `${tree.key}.tar.zst`);
  if (existsSync(file)) return file;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  const pack = 'tar --create --numeric-owner --owner=0 --group=0 --directory "$1" . | zstd --quiet -3 -o "$2"';
  await runTool(tools, ["sh", "-c", pack, "sh", tree.root, temporary]);
  await rename(temporary, file);
  return file;
}

/** Serves the archive over plain HTTP while `use` runs: ssh under emulation encrypts a few megabytes a second. */
export async function whileServingTree<T>(use: (url: string) => Promise<T>): Promise<T> {
  const file = await archive();
  const { size } = await stat(file);
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": size });
    createReadStream(file).pipe(response);
  });
  try {
    return await use(`http://${TEST_MACHINE}:${await listenOnLoopback(server)}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
