import { array, assert, property, uint8Array } from "fast-check";
import { expect, it } from "vitest";
import { GrowingBuffer } from "./growing-buffer.ts";

it("has all bytes of its pieces, and holds none of the pieces", () => {
  assert(
    property(array(uint8Array({ maxLength: 5000 }), { maxLength: 20 }), (pieces) => {
      const content = new GrowingBuffer();
      const whole = Buffer.concat(pieces);
      for (const piece of pieces) {
        content.append(piece);
        piece.fill(0);
      }
      expect(content.bytes()).toEqual(whole);
      expect(content.length).toBe(whole.length);
    }),
  );
});
