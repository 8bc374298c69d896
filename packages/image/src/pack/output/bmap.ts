import { createHash } from "node:crypto";
import { hashParts } from "../archive/hash-parts.ts";
import type { ByteRange } from "./mapped-ranges.ts";

const BLOCK = 4096;

export type BmapRange = {
  /** First and last block, of 4096 bytes. */
  readonly first: number;
  readonly last: number;
  /** Lower-case hex SHA-256 of the blocks. */
  readonly sha256: string;
};

/** The hash of every mapped range of an image; ranges begin and end at blocks, the last may end with the image. */
export async function hashRanges(image: string, size: number, ranges: readonly ByteRange[]): Promise<BmapRange[]> {
  const hashed: BmapRange[] = [];
  for (const [start, end] of ranges) {
    const part = { kind: "range", file: image, offset: start, size: Math.min(end, size) - start } as const;
    const sha256 = (await hashParts([part])).toString("hex");
    hashed.push({ first: start / BLOCK, last: Math.ceil(end / BLOCK) - 1, sha256 });
  }
  return hashed;
}

/** A block map in format 2.0, as bmaptool, balenaEtcher and `holdfast` read it. Pure. */
export function formatBmap(imageSize: number, ranges: readonly BmapRange[]): string {
  const mapped = ranges.reduce((total, { first, last }) => total + last - first + 1, 0);
  const lines = ranges.map(
    ({ first, last, sha256 }) =>
      `        <Range chksum="${sha256}"> ${first === last ? first : `${first}-${last}`} </Range>`,
  );
  const text = (checksum: string) => `<?xml version="1.0" ?>
<!-- Which blocks of the image must be written; all others may keep what they hold. -->
<bmap version="2.0">
    <ImageSize> ${imageSize} </ImageSize>
    <BlockSize> ${BLOCK} </BlockSize>
    <BlocksCount> ${Math.ceil(imageSize / BLOCK)} </BlocksCount>
    <MappedBlocksCount> ${mapped} </MappedBlocksCount>
    <ChecksumType> sha256 </ChecksumType>
    <BmapFileChecksum> ${checksum} </BmapFileChecksum>
    <BlockMap>
${lines.join("\n")}
    </BlockMap>
</bmap>
`;
  // The format's rule: the file's checksum is made with zeros in its own place.
  return text(
    createHash("sha256")
      .update(text("0".repeat(64)))
      .digest("hex"),
  );
}
