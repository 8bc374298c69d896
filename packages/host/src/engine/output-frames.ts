/** A header is the kind of output, three nought bytes, and the length, most significant byte first. */
const HEADER = 8;

export type OutputFrames = {
  /** What a container printed, in the order of its frames, standard output and error alike. */
  readonly printed: readonly Uint8Array[];
  /** The beginning of a frame whose end is not there yet. */
  readonly rest: Uint8Array;
};

/** Takes the engine's stream of a container's output apart (its API, "Attach to a container", stream format). Pure. */
export function splitOutput(bytes: Uint8Array): OutputFrames {
  const printed: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    if (length.byteLength < HEADER) break;
    const end = at + HEADER + length.getUint32(4);
    if (end > bytes.length) break;
    printed.push(bytes.subarray(at + HEADER, end));
    at = end;
  }
  return { printed, rest: bytes.slice(at) };
}
