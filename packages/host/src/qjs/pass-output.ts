import { splitOutput } from "../engine/output-frames.ts";

const [STDIN, STDOUT] = [0, 1];
/** The engine sends at most 16 KiB in a frame; whatever goes on longer than this is none. */
const LONGEST = 1024 * 1024;

function write(bytes: Uint8Array): void {
  const buffer = bytes.slice().buffer;
  for (let done = 0; done < bytes.length; ) {
    const count = os.write(STDOUT, buffer, done, bytes.length - done);
    if (count <= 0) throw new Error("standard output is closed");
    done += count;
  }
}

/** Prints what a container prints, out of the engine's stream of it on standard input, until that ends. @returns 0 */
export function passOutput(): number {
  const buffer = new Uint8Array(64 * 1024);
  let rest: Uint8Array = new Uint8Array();
  while (rest.length < LONGEST) {
    const count = os.read(STDIN, buffer.buffer, 0, buffer.length);
    if (count <= 0) break;
    const bytes = new Uint8Array(rest.length + count);
    bytes.set(rest);
    bytes.set(buffer.subarray(0, count), rest.length);
    const found = splitOutput(bytes);
    for (const printed of found.printed) write(printed);
    rest = found.rest;
  }
  return 0;
}
