import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, encodeUtf8, utf8Length } from "./utf8.ts";

it("decodes what the platform encodes, and knows its length", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(decodeUtf8(bytes)).toBe(text);
      expect(utf8Length(text)).toBe(bytes.length);
    }),
  );
});

it("takes and refuses the same bytes as the platform", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0xc0, 0xe0, 0xed, 0xa0, 0x80, 0xbf, 0xf0, 0xf4, 0x8f, 0x90, 0xef));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 8 }), fc.array(byte, { maxLength: 6 }), (some, more) => {
      const bytes = Uint8Array.from([...some, ...more]);
      let expected: string | undefined;
      try {
        expected = strict.decode(bytes);
      } catch {
        expected = undefined;
      }
      expect(decodeUtf8(bytes)).toBe(expected);
    }),
  );
});

describe("encodeUtf8", () => {
  it("is what TextEncoder makes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(encodeUtf8(text)).toEqual(new TextEncoder().encode(text));
      }),
    );
  });
});
