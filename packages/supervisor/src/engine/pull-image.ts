import { splitReference, worldError } from "@holdfast/contracts";
import * as z from "zod";
import type { PullOptions } from "./engine.ts";
import type { EngineHttp } from "./engine-http.ts";
import { jsonLines } from "./json-lines.ts";

const message = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});
type Message = z.infer<typeof message>;

/** Downloading is the longer part of a pull; unpacking the rest. */
const DOWNLOAD_SHARE = 0.7;

/**
 * Pulls an image and reports progress.
 * @throws HoldfastError `supervisor.pull-failed` with the engine's reason.
 */
export async function pullImage(
  http: EngineHttp,
  reference: string,
  { login, ...options }: PullOptions & { readonly login?: string | undefined },
): Promise<void> {
  const { name, tag } = splitReference(reference);
  const query = new URLSearchParams({ fromImage: name, tag });
  const headers = login === undefined ? {} : { "x-registry-auth": login };
  const path = `/images/create?${query}`;
  const stream = await http.stream({ method: "POST", path, headers, signal: options.signal });
  const layers = new Map<string, number>();
  const downloaded = new Map<string, number>();
  let told = -1;
  let toldBytes = 0;
  for await (const line of jsonLines(stream)) {
    const parsed = message.safeParse(line);
    if (!parsed.success) continue;
    if (parsed.data.error !== undefined) {
      throw worldError("supervisor.pull-failed", { message: `${reference}: ${parsed.data.error}` });
    }
    const percent = advance(layers, parsed.data);
    const bytes = noteDownload(downloaded, parsed.data);
    // Between the steps of the percentage, only the ends of layers are told.
    if (percent <= told && (bytes <= toldBytes || parsed.data.status !== "Download complete")) continue;
    told = Math.max(told, percent);
    toldBytes = Math.max(toldBytes, bytes);
    options.onProgress?.(told, toldBytes);
  }
}

/** Notes one message and returns the bytes downloaded of all layers. */
function noteDownload(layers: Map<string, number>, { id, status, progressDetail }: Message): number {
  if (id !== undefined && status === "Downloading") {
    layers.set(id, Math.max(layers.get(id) ?? 0, progressDetail?.current ?? 0));
  }
  let sum = 0;
  for (const bytes of layers.values()) sum += bytes;
  return sum;
}

/** Notes one message and returns the percentage over all layers named so far. */
export function advance(layers: Map<string, number>, { id, status, progressDetail }: Message): number {
  if (id !== undefined && status !== undefined) {
    const done = layerProgress(status, progressDetail);
    if (done !== undefined) layers.set(id, Math.max(done, layers.get(id) ?? 0));
  }
  if (layers.size === 0) return 0;
  let sum = 0;
  for (const done of layers.values()) sum += done;
  return Math.floor((100 * sum) / layers.size);
}

function layerProgress(status: string, detail: Message["progressDetail"]): number | undefined {
  const part = detail?.total === undefined || detail.total === 0 ? 0 : (detail.current ?? 0) / detail.total;
  switch (status) {
    case "Pulling fs layer":
    case "Waiting":
      return 0;
    case "Downloading":
      return DOWNLOAD_SHARE * Math.min(1, part);
    case "Verifying Checksum":
    case "Download complete":
      return DOWNLOAD_SHARE;
    case "Extracting":
      return DOWNLOAD_SHARE + (1 - DOWNLOAD_SHARE) * Math.min(1, part);
    case "Pull complete":
    case "Already exists":
      return 1;
    default:
      return undefined;
  }
}
