import fc from "fast-check";
import { expect, it } from "vitest";
import { splitOutput } from "./output-frames.ts";

const frame = (kind: number, content: Uint8Array): Uint8Array => {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint8(0, kind);
  header.setUint32(4, content.length);
  return Buffer.concat([new Uint8Array(header.buffer), content]);
};

it("gives back what a container printed, wherever the stream is cut", () => {
  const contents = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 300 })));
  fc.assert(
    fc.property(contents, fc.array(fc.nat(2000)), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(([kind, content]) => frame(kind, content)));
      const ends = [...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
      let rest: Uint8Array = new Uint8Array();
      const printed: Uint8Array[] = [];
      let from = 0;
      for (const end of ends) {
        const found = splitOutput(Buffer.concat([rest, stream.subarray(from, end)]));
        printed.push(...found.printed);
        rest = found.rest;
        from = end;
      }
      expect(Buffer.concat(printed)).toEqual(Buffer.concat(frames.map(([, content]) => content)));
      expect(rest).toHaveLength(0);
    }),
  );
});
