import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { streamContents } from "../../pack/archive/stream-contents.ts";
import { type BuildEngine, BuildFailed, type BuildRequest } from "./build-engine.ts";
import { engineMessages } from "./engine-messages.ts";
import { callEngine, type EngineAddress, type EngineCall, EngineRefused } from "./engine-request.ts";

/** How much of a failed build's output an error carries. */
const LAST_LINES = 20;

const imageSchema = z.object({ Id: z.string() });
const versionSchema = z.object({ Arch: z.string() });

/**
 * Speaks Docker's HTTP API with the engine at `address`; builds are classic ones with the engine's own
 * network. `proxies` are given to build steps the way that leaves no trace in images.
 * @throws Error when no engine answers there
 */
export async function connectEngine(
  address: EngineAddress,
  proxies: Readonly<Record<string, string>> = {},
): Promise<BuildEngine> {
  const call = (what: EngineCall) => callEngine(address, what);
  const version = await call({ method: "GET", path: "/version" });
  const { Arch: architecture } = versionSchema.parse(await json(version));
  return {
    architecture,
    load: async (archive) => {
      const body = createReadStream(archive);
      await succeed(await call({ method: "POST", path: "/images/load", query: { quiet: "1" }, body }));
    },
    find: async (reference) => {
      try {
        const answer = await call({ method: "GET", path: `/images/${encodeURIComponent(reference)}/json` });
        return imageSchema.parse(await json(answer)).Id;
      } catch (thrown) {
        if (thrown instanceof EngineRefused && thrown.status === 404) return undefined;
        throw thrown;
      }
    },
    build: (request) => build(call, request, proxies),
    pull: async (reference) => {
      const fromImage = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
      await succeed(await call({ method: "POST", path: "/images/create", query: { fromImage } }));
    },
    save: async (ids, file) => {
      await pipeline(
        await call({ method: "GET", path: "/images/get", query: { names: ids } }),
        createWriteStream(file),
      );
    },
  };
}

async function build(
  call: (what: EngineCall) => Promise<Readable>,
  { context, dockerfile, args, target, onLine, signal }: BuildRequest,
  proxies: Readonly<Record<string, string>>,
): Promise<string> {
  const query = {
    dockerfile,
    version: "1",
    networkmode: "host",
    rm: "1",
    forcerm: "1",
    buildargs: JSON.stringify({ ...proxies, ...args }),
    ...(target === undefined ? {} : { target }),
  };
  const body = streamContents(context);
  const lines: string[] = [];
  let id: string | undefined;
  const answer = await call({
    method: "POST",
    path: "/build",
    query,
    body,
    ...(signal === undefined ? {} : { signal }),
  });
  for await (const { stream, error, aux } of engineMessages(answer)) {
    if (aux?.ID !== undefined) id = aux.ID;
    for (const line of stripVTControlCharacters(stream ?? "")
      .split("\n")
      .filter((one) => one.trim() !== "")) {
      lines.push(line);
      onLine(line);
    }
    if (error !== undefined) throw new BuildFailed(error, lines.slice(-LAST_LINES));
  }
  if (id === undefined) throw new BuildFailed("the engine ended the build without an image", lines.slice(-LAST_LINES));
  return id;
}

/** Reads an answer to its end. @throws Error with the message that the engine put into it */
async function succeed(answer: Readable): Promise<void> {
  for await (const { error } of engineMessages(answer)) {
    if (error !== undefined) throw new Error(error);
  }
}
