import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeBase64 } from "./base64.ts";

it("decodes what others encode, broken into lines and with or without padding", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), (bytes, padded) => {
      const text = Buffer.from(bytes)
        .toString("base64")
        .replace(/.{1,7}/g, "$&\n");
      expect(decodeBase64(padded ? text : text.replaceAll("=", ""))).toEqual(Uint8Array.from(bytes));
    }),
  );
});

it.each(["A", "AA=A", "====", "AAA==", "A*==", "ü"])("refuses %j", (text) => {
  expect(decodeBase64(text)).toBeUndefined();
});
