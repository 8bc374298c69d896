import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { BodyReader } from "./body.ts";

const requestOf = () => Object.assign(new PassThrough(), { headers: {} });
const text = (length: number): string => JSON.stringify("x".repeat(length - 2));

async function readWhole(reader: BodyReader, content: string): Promise<unknown> {
  const request = requestOf();
  const read = reader.read(request);
  request.end(content);
  return read;
}

it("bounds what all bodies take together, and small ones get through whatever others hold", async () => {
  const reader = new BodyReader();
  const slow = [requestOf(), requestOf()];
  const reads = slow.map((request) => reader.read(request));
  for (const request of slow) {
    request.write("1".repeat(7_500_000));
    while (request.readableLength + request.writableLength > 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect(readWhole(reader, text(5_000_000))).rejects.toMatchObject({ status: 503 });
  expect(await readWhole(reader, text(60_000))).toHaveLength(59_998);
  slow[0]?.destroy();
  await expect(reads[0]).rejects.toMatchObject({ status: 400, message: "The request broke off" });
  expect(await readWhole(reader, text(5_000_000))).toHaveLength(4_999_998);
  slow[1]?.end();
  await expect(reads[1]).resolves.toBe(Number.POSITIVE_INFINITY);
});
