import { closeSync, openSync } from "node:fs";
import { type Content, sizeOf } from "../../tree/entry.ts";
import { readFully } from "./stream-contents.ts";

/** Random access to a content's bytes, for parsers that need a few of many. */
export type ContentReader = Disposable & {
  readonly size: number;
  /** @throws RangeError when the range is not inside the content. */
  readonly read: (offset: number, length: number) => Uint8Array;
};

/** Opens a content for random access; dispose of it to close the file. */
export function openContent(content: Content): ContentReader {
  const size = sizeOf(content);
  const requireInside = (offset: number, length: number) => {
    if (offset < 0 || length < 0 || offset + length > size)
      throw new RangeError(`${length} bytes at ${offset} of ${size}`);
  };
  if (content.kind === "bytes") {
    const { bytes } = content;
    return {
      size,
      read: (offset, length) => {
        requireInside(offset, length);
        return bytes.subarray(offset, offset + length);
      },
      [Symbol.dispose]: () => {},
    };
  }
  const descriptor = openSync(content.file, "r");
  return {
    size,
    read: (offset, length) => {
      requireInside(offset, length);
      const bytes = new Uint8Array(length);
      readFully(descriptor, bytes, content.offset + offset, content.file);
      return bytes;
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
