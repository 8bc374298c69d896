const FIRST_CAPACITY = 4096;

/**
 * Bytes that come in pieces. They are copied: a list of a million pieces of one byte would take hundreds of megabytes, each
 * of them with the block that it was read into.
 */
export class GrowingBuffer {
  #content = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#content.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY, needed, 2 * this.#content.length));
      this.#content.copy(larger, 0, 0, this.#length);
      this.#content = larger;
    }
    this.#content.set(piece, this.#length);
    this.#length = needed;
  }

  /** All bytes so far, valid until the next `append`. */
  bytes(): Buffer {
    return this.#content.subarray(0, this.#length);
  }
}
