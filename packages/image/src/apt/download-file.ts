import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm, utimes } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { commitFile, temporaryBeside } from "../cache/write-durably.ts";

/** A file that the server, answering otherwise, does not have. */
export class FileGone extends Error {}
/** Bytes that are not the promised ones. */
class WrongBytes extends Error {}

/** How long a connection may stay silent. */
const SILENCE_MS = 20_000;
const MAX_REDIRECTS = 5;

/**
 * Every file in the cache with this time of modification was hashed when it was put there; a file that anything wrote to
 * since has another one and is hashed again before use.
 */
export const VERIFIED_TIME = new Date("2000-01-01T00:00:00Z");

export type Download = {
  readonly uri: string;
  readonly file: string;
  readonly size: number;
  readonly sha256: string;
  readonly connections: Connections;
  readonly onBytes: (count: number) => void;
  readonly signal?: AbortSignal;
};

/** Kept-alive connections by scheme, through the proxies that apt would use. */
export type Connections = {
  readonly http: http.Agent;
  readonly https: https.Agent;
} & Disposable;

export function openConnections(proxies: Readonly<Record<string, string>>, limit: number): Connections {
  const proxyEnv = {
    ...(proxies["http"] === undefined ? {} : { HTTP_PROXY: proxies["http"] }),
    ...(proxies["https"] === undefined ? {} : { HTTPS_PROXY: proxies["https"] }),
    NO_PROXY: "localhost,127.0.0.1,::1",
  };
  const options = { keepAlive: true, maxSockets: limit, proxyEnv };
  const agents = { http: new http.Agent(options), https: new https.Agent(options) };
  return {
    ...agents,
    [Symbol.dispose]: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/**
 * Downloads one file, hashing it on the way; returns after the complete, right file is on disk under its name.
 * @throws FileGone, WrongBytes, or the network's or disk's error; the file is then absent
 */
export async function downloadFile(download: Download): Promise<void> {
  const { uri, file, size, sha256, signal } = download;
  const temporary = temporaryBeside(file);
  let received = 0;
  try {
    const hash = createHash("sha256");
    {
      await using handle = await open(temporary, "wx");
      for await (const chunk of await openUri(uri, download)) {
        signal?.throwIfAborted();
        received += chunk.length;
        if (received > size) throw new WrongBytes(`${uri}: more than ${size} bytes`);
        hash.update(chunk);
        await handle.writeFile(chunk);
        download.onBytes(chunk.length);
      }
      if (received !== size || hash.digest("hex") !== sha256)
        throw new WrongBytes(`${uri}: ${received} of ${size} bytes, or other ones`);
      await handle.sync();
    }
    await utimes(temporary, VERIFIED_TIME, VERIFIED_TIME);
    await commitFile(temporary, file);
  } catch (thrown) {
    download.onBytes(-received);
    throw thrown;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function openUri(uri: string, download: Download, redirects = 0): Promise<AsyncIterable<Buffer>> {
  const url = new URL(uri);
  if (url.protocol === "file:") return openLocal(fileURLToPath(url));
  const response = await get(url, download);
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) return response;
  response.resume();
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirects < MAX_REDIRECTS)
    return openUri(new URL(headers.location, url).href, download, redirects + 1);
  if (statusCode === 404 || statusCode === 410) throw new FileGone(`${uri}: ${statusCode}`);
  throw new Error(`${path.posix.basename(url.pathname)}: the mirror answered ${statusCode}`);
}

async function openLocal(file: string): Promise<Readable> {
  const stream = createReadStream(file);
  await new Promise<void>((resolve, reject) => {
    stream.once("open", () => resolve());
    stream.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "ENOENT" ? new FileGone(`${file}: not there`) : error);
    });
  });
  return stream;
}

function get(url: URL, { connections, signal }: Download): Promise<http.IncomingMessage> {
  const options = { timeout: SILENCE_MS, ...(signal === undefined ? {} : { signal }) };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? https.get(url, { ...options, agent: connections.https }, resolve)
        : http.get(url, { ...options, agent: connections.http }, resolve);
    request.once("error", reject);
    request.once("timeout", () => request.destroy(new Error(`${url.host} is silent for ${SILENCE_MS / 1000} s`)));
  });
}
