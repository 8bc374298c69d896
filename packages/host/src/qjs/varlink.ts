/** Longest request that is read; a look-up has a few hundred bytes. */
const LONGEST = 64 * 1024;
const [STDIN, STDOUT] = [0, 1];

/** Text up to a nought byte on standard input, a socket; undefined when it ends, or goes on for ever, without one. */
function readMessage(): string | undefined {
  const bytes: number[] = [];
  const buffer = new Uint8Array(4096);
  while (bytes.length < LONGEST) {
    const count = os.read(STDIN, buffer.buffer, 0, buffer.length);
    if (count <= 0) return undefined;
    const end = buffer.subarray(0, count).indexOf(0);
    bytes.push(...buffer.subarray(0, end < 0 ? count : end));
    // A name of a user that is not ASCII is none that is known here, however it is read.
    if (end >= 0) return bytes.map((byte) => String.fromCharCode(byte)).join("");
  }
  return undefined;
}

/** Serves one call of the Varlink protocol on a connection that is standard input and output. @returns the exit status */
export function answerVarlink(answer: (request: string) => string): number {
  const request = readMessage();
  if (request === undefined) return 1;
  const bytes = Uint8Array.from([...answer(request)].map((char) => char.charCodeAt(0)).concat(0));
  return os.write(STDOUT, bytes.buffer, 0, bytes.length) === bytes.length ? 0 : 1;
}
