import type { Readable } from "node:stream";
import type { EngineHttp } from "../engine/engine-http.ts";
import { jsonLines } from "../engine/json-lines.ts";

export type EngineBuild = {
  readonly tag: string;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  readonly context: Readable;
  readonly signal: AbortSignal;
};

/** What builds on the device ask of its engine. */
export type EngineBuilder = {
  readonly hasImage: (name: string) => Promise<boolean>;
  /** The messages of a classic build, one by one. */
  readonly build: (build: EngineBuild) => AsyncIterable<unknown>;
  /** Names of the images that carry a label. */
  readonly namesWith: (label: string) => Promise<readonly string[]>;
  /** Takes a name away, and its image if nothing else uses it; one that a container uses stays. */
  readonly removeName: (name: string) => Promise<void>;
  /** Removes images that have no name and no container: what former builds left in the engine's cache. */
  readonly pruneCache: () => Promise<void>;
};

/** How engines list an image whose name another one has taken. */
const NO_NAME = "<none>:<none>";
const NOT_FOUND = 404;
const CONFLICT = 409;

/** The device's engine, over its socket. */
export function engineBuilder(http: Pick<EngineHttp, "call" | "stream">): EngineBuilder {
  return {
    hasImage: async (name) => {
      const path = `/images/${encodeURIComponent(name)}/json`;
      const found = await http.call({ method: "GET", path, accept: [NOT_FOUND] });
      return typeof found === "object" && found !== null && "Id" in found;
    },
    build: (build) => messages(http, build),
    namesWith: async (label) => {
      const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
      return namesIn(await http.call({ method: "GET", path: `/images/json?filters=${filters}` }));
    },
    removeName: async (name) => {
      const path = `/images/${encodeURIComponent(name)}`;
      await http.call({ method: "DELETE", path, accept: [NOT_FOUND, CONFLICT] });
    },
    pruneCache: async () => {
      const filters = encodeURIComponent(JSON.stringify({ dangling: ["true"] }));
      await http.call({ method: "POST", path: `/images/prune?filters=${filters}` });
    },
  };
}

async function* messages(http: Pick<EngineHttp, "stream">, build: EngineBuild): AsyncGenerator<unknown> {
  const query = new URLSearchParams({
    // The classic builder: BuildKit needs a session, and its output is of another kind.
    version: "1",
    t: build.tag,
    dockerfile: build.dockerfile,
    buildargs: JSON.stringify(build.args),
    labels: JSON.stringify(build.labels),
    rm: "1",
    forcerm: "1",
    ...(build.noCache ? { nocache: "1" } : {}),
    ...(build.target === undefined ? {} : { target: build.target }),
  });
  const { context, signal } = build;
  // A step may be silent for as long as it likes.
  const path = `/build?${query}`;
  yield* jsonLines(await http.stream({ method: "POST", path, tar: context, signal, timeoutMs: 0 }));
}

function namesIn(listing: unknown): readonly string[] {
  if (!Array.isArray(listing)) return [];
  const names = listing.flatMap((image: { RepoTags?: unknown }) =>
    Array.isArray(image.RepoTags) ? image.RepoTags : [],
  );
  return names.filter((name) => name !== NO_NAME);
}
