import { buffer } from "node:stream/consumers";
import { contextAnswer, type Step } from "@holdfast/contracts";
import { pack } from "tar-stream";
import { z } from "zod";
import type { DeviceApi } from "../device/device-api.ts";
import { type LocalContext, readLocalChunk } from "./local-context.ts";

/** Pieces of one request: what a slow link takes within the device's two minutes, and what is in memory. */
const BATCH_CHUNKS = 8;
/** What a link takes in one go; the bar moves after each. */
const SLICE_BYTES = 64 * 1024;

const received = z.object({ received: z.int() });

/** What a device knows a context by, and how many bytes of content were sent to it. */
export type SentContext = { readonly context: string; readonly sent: number };

/** Announces a context and sends the pieces that the device lacks. */
export async function sendContext(api: DeviceApi, local: LocalContext, step: Step): Promise<SentContext> {
  const manifest = local.entries.map((entry) => `${JSON.stringify(entry)}\n`);
  const announced = { type: "application/x-ndjson", content: manifest };
  const { context, missing } = await api.send("/v3/local/contexts", announced, contextAnswer);
  const total = missing.reduce((sum, digest) => sum + (local.chunks.get(digest)?.size ?? 0), 0);
  let sent = 0;
  for (let from = 0; from < missing.length; from += BATCH_CHUNKS) {
    const tar = await tarOf(local, missing.slice(from, from + BATCH_CHUNKS));
    const begun = sent;
    const content = slices(tar, (done) => step.update(Math.min(total, begun + done), total));
    const answer = await api.send("/v3/local/chunks", { type: "application/x-tar", content }, received);
    sent += answer.received;
  }
  return { context, sent };
}

async function tarOf(local: LocalContext, digests: readonly string[]): Promise<Buffer> {
  const tar = pack();
  for (const digest of digests) {
    const chunk = local.chunks.get(digest);
    if (chunk !== undefined) tar.entry({ name: digest }, await readLocalChunk(digest, chunk));
  }
  tar.finalize();
  return await buffer(tar);
}

function* slices(content: Buffer, onSent: (done: number) => void): Generator<Buffer> {
  for (let at = 0; at < content.length; at += SLICE_BYTES) {
    yield content.subarray(at, at + SLICE_BYTES);
    onSent(at);
  }
}
