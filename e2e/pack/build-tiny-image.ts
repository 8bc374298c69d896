import { cacheRoot, findMirror, toolsTree } from "@holdfast/image";
import { buildTinyImage, digestsOf } from "./tiny-image.ts";

// Run by the test as a process of its own, in a world with another time zone, umask, user and number of CPUs.
const [folder = ""] = process.argv.slice(2);
const tools = await toolsTree({ cache: cacheRoot(process.env), mirror: await findMirror(process.env) });
await buildTinyImage(tools, folder, { reversed: true });
console.log(JSON.stringify({ uid: process.getuid?.(), digests: await digestsOf(folder) }));
