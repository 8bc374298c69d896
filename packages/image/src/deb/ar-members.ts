import { open } from "node:fs/promises";

/** A member of an ar file: where its bytes are. */
export type ArMember = { readonly name: string; readonly offset: number; readonly size: number };

const MAGIC = "!<arch>\n";
const HEADER = 60;

/**
 * The members of an ar file (a .deb), headers only.
 * @throws Error when it is not an ar file or ends early
 */
export async function readArMembers(file: string): Promise<ArMember[]> {
  await using handle = await open(file, "r");
  const { size: end } = await handle.stat();
  const members: ArMember[] = [];
  const read = async (offset: number, length: number): Promise<string> => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
    if (bytesRead !== length) throw new Error("the ar file ends early");
    return buffer.toString("latin1");
  };
  if ((await read(0, MAGIC.length)) !== MAGIC) throw new Error("not an ar file");
  for (let at = MAGIC.length; at < end; ) {
    const header = await read(at, HEADER);
    const size = Number.parseInt(header.slice(48, 58), 10);
    if (!header.endsWith("`\n") || !(size >= 0) || at + HEADER + size > end) throw new Error("a damaged ar header");
    members.push({ name: header.slice(0, 16).trim().replace(/\/$/, ""), offset: at + HEADER, size });
    // Members begin at even offsets.
    at += HEADER + size + (size % 2);
  }
  return members;
}
